"""The plain words at the top of a report, in English and Korean, each from its own numbers."""

SUMMARY: dict[str, tuple[str, str]] = {}
