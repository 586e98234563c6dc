"""The figures of a sweep, by Matplotlib: `figures` draws them all, each kind has a file of its own."""
