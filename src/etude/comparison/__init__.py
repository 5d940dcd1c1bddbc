"""Runs side by side: who takes part, and what may be said of the outcome."""
