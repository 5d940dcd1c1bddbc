"""Weights of Vision Transformers in files of other libraries: read, compared, loaded, written."""
