"""WHERE: the circuits that meet a criterion."""
