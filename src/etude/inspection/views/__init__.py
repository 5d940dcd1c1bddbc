"""One view a file; the name of the file is the view's name. See inspection/view.py."""
