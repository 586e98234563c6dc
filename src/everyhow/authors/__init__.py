"""The released code of the paper: how it counts circuits, formulas and mappings."""
