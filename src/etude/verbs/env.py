"""Versions and hardware, for a bug report."""

from typing import Any


def env() -> dict[str, Any]:
    """Versions of étude and its packages, and the machine that it runs on."""
    from etude import pipeline
    from etude.training import hardware

    return {**pipeline.surroundings(), "threads": hardware.default_threads()}
