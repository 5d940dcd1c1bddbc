"""Load a trained run to predict, generate and read its results."""
