"""From a file on disk to a Batch on the device. One source a file; see `dataset`."""
