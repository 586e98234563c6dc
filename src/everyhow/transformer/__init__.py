"""The second kind of model: transformers, whose attention heads and MLPs are the parts of a circuit."""
