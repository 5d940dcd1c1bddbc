"""The networks, one architecture per file, and `create`, which builds one by name.

Like the package's `__init__`, this module defines nothing: `create` is in `assembly` and is
imported on first access, because `assembly` itself imports this package.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "create":
        from etude.assembly import create

        return create
    raise AttributeError(f"module 'etude.models' has no attribute {name!r}")
