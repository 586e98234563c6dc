"""Population codes: signals that are linear in the activations of a layer."""
