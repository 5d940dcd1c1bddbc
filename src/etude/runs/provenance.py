"""The environment of a run: versions and machine. Where any of these differs between two runs,
their weights may differ too."""

import importlib.metadata
import platform
import sys

from etude.locale.texts import Sentence, Text, text
from etude.system.limits import cores

PACKAGES = ("etude", "torch", "numpy", "einops", "scikit-learn", "pillow", "safetensors")
NOT_INSTALLED = "not installed"
"""What provenance.json holds as the version of a package that is missing."""


def environment() -> dict[str, object]:
    """Versions of Python and PACKAGES, and the machine, as plain JSON values."""
    # From package metadata, so that no heavy package has to be imported.
    return {
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": cores(),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return NOT_INSTALLED


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            # Linux only; platform.processor() is often empty there.
            lines = [line for line in file if line.startswith("model name")]
        return lines[0].split(":", 1)[1].strip() if lines else platform.processor()
    except OSError:
        return platform.processor()


def differences(then: dict[str, object], now: dict[str, object]) -> list[Text]:
    """The differences between two results of `environment`, one line each."""
    # Flattened, so that a nested difference has one line with its full path (packages.torch).
    flat_then, flat_now = _flatten(then), _flatten(now)
    keys = sorted(flat_then.keys() | flat_now.keys())
    return [
        text("runs.difference", name=key, then=_shown(flat_then, key), now=_shown(flat_now, key))
        for key in keys
        if flat_then.get(key) != flat_now.get(key)
    ]


def _shown(flat: dict[str, str], key: str) -> Sentence:
    """A value for the user; in words if there is none, or if it stands for a missing package."""
    if key not in flat:
        return text("runs.difference.none")
    return text("runs.difference.missing") if flat[key] == NOT_INSTALLED else flat[key]


def _flatten(tree: dict[str, object], path: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tree.items():
        where = f"{path}{key}"
        flat |= _flatten(value, f"{where}.") if isinstance(value, dict) else {where: str(value)}
    return flat
