"""Tables: read the cells of a file, decide the type of each column, make features of them."""
