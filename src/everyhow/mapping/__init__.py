"""WHERE, given a hypothesis: the neurons that carry its variables."""
