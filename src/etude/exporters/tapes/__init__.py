"""The tape: a network as a list of operations, which a small player computes in a browser."""
