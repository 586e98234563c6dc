"""Runs as pages: one HTML file each, that opens without a network."""
