"""Tasks, one per file: losses by phase, metrics, baselines and snapshots."""
