"""Checking a stored audit by slow, plain methods, which count nothing by the code that counted it."""
