"""Hypotheses that a person states: an algorithm or a causal model with a place for each variable; put to the test."""
