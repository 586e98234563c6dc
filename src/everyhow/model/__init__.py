"""What is explained, whatever its kind: its wiring, and sets of its edges."""
