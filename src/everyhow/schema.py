"""The versions of audit.json that have been released."""

# 1: audits of tasks. 2: also audits by data, circuits of all outputs together, and counts by ablation.
SCHEMA_VERSION = 2
RELEASED = (1, 2)
