"""Larger transformers, run in PyTorch: every subset of some heads and MLPs, the others patched or left as they are."""
