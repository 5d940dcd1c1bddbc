"""What lies in a folder of pictures: found without following links that lead out, told by name."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from etude.data.images import SUFFIXES
from etude.data.names import left_by_systems
from etude.errors import DataError


@dataclass
class Scan:
    """What lies in a folder. files: pictures, sorted; links: (name, why) of those not followed;
    problems: folders that cannot be read; others: files that are no pictures by their suffix;
    passed: what a system left there, hidden files apart; nested: whether any lie deeper down."""

    files: list[Path] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    nested: bool = False


def folders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted, links apart. Raises DataError."""
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror or error}).") from None
    return sorted(name for name in names if not left_by_systems(name))


def scan(folder: Path, root: Path, depth: int | None = None) -> Scan:
    """The pictures under a folder, to any depth (0: only in it); names are told from `root`."""
    found = Scan()
    inside = os.path.realpath(root)

    def unreadable(error: OSError) -> None:
        name = shown(Path(error.filename).relative_to(root))
        found.problems.append(f"{name}: cannot be read ({error.strerror})")

    for place, below, files in os.walk(folder, onerror=unreadable):
        links = [name for name in below if os.path.islink(os.path.join(place, name))]
        made = [name for name in below + files if left_by_systems(name)]
        told = (Path(place, name).relative_to(root) for name in sorted(made) if name[0] != ".")
        found.passed += map(shown, told)
        below[:] = [name for name in below if name not in made] if depth is None else []
        for name in sorted(links + files):
            path = Path(place, name)
            if name in made:
                continue
            named = shown(path.relative_to(root))
            wrong = _link(path, inside) if path.is_symlink() else ""
            if wrong:
                found.links.append((named, wrong))
            elif path.suffix.lower() in SUFFIXES:
                found.files.append(path)
                found.nested |= Path(place) != folder
            else:
                found.others.append(named)
    found.files.sort()
    return found


def _link(path: Path, inside: str) -> str:
    """Why a link is not followed; empty if it leads to a file inside."""
    try:
        target = os.path.realpath(path, strict=True)
        mode = os.stat(target).st_mode
    except OSError as error:
        return f"is a link that leads nowhere ({error.strerror})"
    if not target.startswith(inside + os.sep):
        return "is a link that leads out of the folder"
    return "" if stat.S_ISREG(mode) else "is a link to something that is not a file"


def shown(path: Path | str) -> str:
    """A name that can be printed on one line: what cannot be is written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
