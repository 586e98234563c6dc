"""Certificates of counts: what a program that shares no code with this library needs to confirm one."""
