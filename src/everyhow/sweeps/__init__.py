"""Sweeps: many networks trained and explained by a plan, on Dask, into a folder of plain files."""
