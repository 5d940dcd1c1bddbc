"""A finished run as a repository of the Hugging Face Hub: written, pushed, pulled and read."""
