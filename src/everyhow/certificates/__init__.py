"""Certificates: files from which a program that shares no code with this library confirms a count of circuits."""
