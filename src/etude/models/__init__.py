"""The networks, one architecture a file, and `create`, which builds one by name.

A face like the package's own: `create` belongs to the registry and is loaded when asked for.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "create":
        from etude.registry import create

        return create
    raise AttributeError(f"module 'etude.models' has no attribute {name!r}")
