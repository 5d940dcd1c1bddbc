"""Forms in which a trained network leaves étude, one file each: a name is a file."""
