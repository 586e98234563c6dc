"""Rivals: what explanations predict, and the runs that tell them apart."""
