"""What is asked of a model: losses by phase, metrics, baselines, snapshots. One a file."""
