"""What a page of a network is made of: scripts and styles."""
