"""Tests of hypotheses of one's own."""
