"""Differences between operating systems: files, locks, streams, memory."""
