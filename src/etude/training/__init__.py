"""Live parts in, checkpoints and metrics out."""
