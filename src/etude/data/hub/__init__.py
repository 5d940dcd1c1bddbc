"""Data sets of Hugging Face: how they are found, what columns are for, how each kind is read."""
