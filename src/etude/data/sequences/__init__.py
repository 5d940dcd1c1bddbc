"""Files of labelled sequences: what every format has in common, and one file for each format."""
