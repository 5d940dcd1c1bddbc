"""Which source reads a path that was given in place of a name."""

from pathlib import Path

from etude.data.images import SUFFIXES


def source_for(path: Path) -> str | None:
    """ "arrays", "ts" or "folder" (of pictures); None for a path that no source reads."""
    if path.is_dir():
        try:
            entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        except OSError:
            return "folder"  # which says why it cannot be read
        suffixes = {entry.suffix.lower() for entry in entries if entry.is_file()}
        if ".ts" in suffixes:
            return "ts"
        if ".npy" in suffixes and not suffixes & SUFFIXES:
            return "arrays"
        return "folder"
    if not path.is_file():
        return None
    return {".npz": "arrays", ".npy": "arrays", ".ts": "ts"}.get(path.suffix.lower())
