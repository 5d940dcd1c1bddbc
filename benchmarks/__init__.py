"""Benchmarks: one file a claim, run as `python -m benchmarks.NAME` from the repository's root."""
