"""Every sentence that a person sees, in English and Korean."""
