"""WHERE, given what is placed (an algorithm, or a causal model): the neurons that carry its variables."""
