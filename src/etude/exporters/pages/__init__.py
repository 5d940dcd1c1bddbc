"""The page around a tape: what it knows of the run, and how it is put together."""
