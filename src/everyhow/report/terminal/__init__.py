"""An audit or a sweep in a terminal."""
