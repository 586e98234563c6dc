"""Feed-forward networks: what they compute, how far rounding may reach, and their files."""
