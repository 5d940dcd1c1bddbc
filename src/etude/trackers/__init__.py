"""Experiment trackers by name: what a run computes goes to TensorBoard, W&B, MLflow or trackio too.

One file per tracker, in a process of its own, so that no fault of it reaches the training.
"""
