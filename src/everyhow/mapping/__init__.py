"""WHERE, given an algorithm: the neurons that carry its variables."""
