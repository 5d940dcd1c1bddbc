"""Tests of etude.trackers."""
