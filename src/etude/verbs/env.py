"""Versions and hardware, for a bug report."""

from etude.system.limits import Plain


def env() -> Plain:
    """Versions of étude and its packages, and the machine that it runs on."""
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.training import hardware

    return {**hardware.surroundings(), "threads": hardware.default_threads()}
