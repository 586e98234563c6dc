"""Checking a stored audit by the slow, plain methods; shares no code with what found it."""
