"""Strangers' code in processes of their own, with limits on what they take and touch."""
