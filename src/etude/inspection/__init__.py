"""Pictures of a trained network and its data, and the report of a run."""
