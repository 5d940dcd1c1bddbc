"""From a file on disk to a Batch on the device. One source a file; `dataset` says what it yields."""
