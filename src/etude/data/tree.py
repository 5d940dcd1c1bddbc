"""List the pictures in a folder, without following links that lead outside it."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from etude.data.images import SUFFIXES
from etude.data.names import left_by_systems
from etude.data.reasons import unreadable
from etude.errors import DataError
from etude.locale.texts import Text, text


@dataclass
class Scan:
    """The content of a folder. files: pictures, sorted; links: (name, reason) of links that are not
    followed; problems: folders that cannot be read; others: files whose suffix is not a picture's;
    passed: files that a system created, except hidden ones; nested: whether some pictures are in
    deeper folders."""

    files: list[Path] = field(default_factory=list)
    links: list[tuple[str, Text]] = field(default_factory=list)
    problems: list[Text] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    nested: bool = False


def folders(folder: Path) -> list[str]:
    """The sorted names of the folders in a folder, without links. Raises DataError."""
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise DataError(text("data.fault", where=folder, what=unreadable(error))) from None
    return sorted(name for name in names if not left_by_systems(name))


def suffixes_in(folder: Path) -> set[str]:
    """The suffixes of the files directly in a folder, in lower case; none if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return {
                Path(e.name).suffix.lower() for e in entries if e.name[0] != "." and e.is_file()
            }
    except OSError:
        return set()


def scan(folder: Path, root: Path, depth: int | None = None) -> Scan:
    """The content under a folder, at any depth (depth=0: only directly in it). Names are relative
    to `root`."""
    result = Scan()
    inside = os.path.realpath(root)

    def note_problem(error: OSError) -> None:
        name = shown(Path(error.filename).relative_to(root))
        result.problems.append(text("data.at", where=name, what=unreadable(error)))

    for place, below, files in os.walk(folder, onerror=note_problem):
        links = [name for name in below if os.path.islink(os.path.join(place, name))]
        ignored = [name for name in below + files if left_by_systems(name)]
        listed = (Path(place, name).relative_to(root) for name in sorted(ignored) if name[0] != ".")
        result.passed += map(shown, listed)
        # In place: os.walk descends into the folders that are left in this list.
        below[:] = [name for name in below if name not in ignored] if depth is None else []
        for name in sorted(links + files):
            path = Path(place, name)
            if name in ignored:
                continue
            named = shown(path.relative_to(root))
            wrong = _link(path, inside) if path.is_symlink() else None
            if wrong:
                result.links.append((named, wrong))
            elif path.suffix.lower() in SUFFIXES:
                result.files.append(path)
                result.nested |= Path(place) != folder
            else:
                result.others.append(named)
    # The order of os.walk differs between file systems; the order of samples must not.
    result.files.sort()
    return result


def _link(path: Path, inside: str) -> Text | None:
    """The reason why a link is not followed; None if it leads to a file inside."""
    try:
        target = os.path.realpath(path, strict=True)
        mode = os.stat(target).st_mode
    except OSError as error:
        return text("data.link.broken", why=error.strerror)
    if not target.startswith(inside + os.sep):
        return text("data.link.outside")
    return None if stat.S_ISREG(mode) else text("data.link.no_file")


def shown(path: Path | str) -> str:
    """A name that can be printed on one line; characters that cannot are written as escapes."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
