"""One way to draw: the style of figures, progress on a terminal, tables."""
