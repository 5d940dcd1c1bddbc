"""Training: takes a model, a task and data, and produces checkpoints and metrics."""
