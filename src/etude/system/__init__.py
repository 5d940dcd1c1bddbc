"""Where operating systems and machines differ: files, locks, streams, memory."""
