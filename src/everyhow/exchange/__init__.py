"""Exchange with neighbouring tools: circuits as graph JSON, mappings as interventions, causal models."""
