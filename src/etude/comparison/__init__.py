"""Comparisons of many runs: which runs take part, how they are trained, and how they differ."""
