"""Exchange with other tools: circuits as graph JSON, mappings as interventions, causal models."""
