"""What is inside a trained run, as pictures and a report."""
