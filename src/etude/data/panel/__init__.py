"""Series of the user's own: the time axis, steps and gaps, windows, scales and covariates."""
