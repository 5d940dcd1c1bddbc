"""The peers: one program each, run as a process of its own in an environment of their own."""
