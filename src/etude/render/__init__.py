"""Shared output code: figure style, tables, terminal progress, and the shell of HTML reports."""
