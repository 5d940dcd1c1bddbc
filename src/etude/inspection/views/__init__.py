"""One view per file; the name of the file is the name of the view. See inspection/view.py."""
