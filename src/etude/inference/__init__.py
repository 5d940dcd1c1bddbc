"""A trained run as something usable."""
