"""Workspace: a folder of runs and comparisons, which a user calls by their names in it."""

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from etude.config import nearest
from etude.errors import LockedError, RunError, TakenError, UsageError
from etude.locale.texts import text
from etude.runs.comparison import is_comparison
from etude.runs.files import storage
from etude.runs.folder import RunFolder, candidates, is_run, is_taken

MAX_PATH = 4000
"""Characters of a path that is looked up; Linux allows 4,096 bytes."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Workspace:
    """The folder `root`: it finds runs by path or by name, and gives new ones a name."""

    root: Path

    def path(self, name: str) -> Path:
        """`root/name`. Raises UsageError if the name could lead out of `root`."""
        if not NAME.fullmatch(name):
            raise UsageError(text("runs.name.characters", name=name))
        return self.root / name

    def places(self, word: Path | str) -> tuple[Path, Path]:
        """Where a word of the user may lead: it is a path, or the name of something in `root`."""
        return Path(word), self.root / word

    def comparison(self, word: Path | str) -> Path | None:
        """The folder of a comparison, by path or by name; None if there is none."""
        places = self.places(word)
        return next((path for path in places if is_comparison(path) and not is_run(path)), None)

    def open(self, word: Path | str) -> RunFolder:
        """An existing run, for reading, by path or by name. Raises RunError, with a similar name,
        if there is none."""
        if len(str(word)) > MAX_PATH:
            raise RunError(text("runs.name.long", path=str(word)[:60]))
        for place in self.places(word):
            # os.path returns False where pathlib raises, for example for a name that is too long.
            if os.path.isfile(place / "recipe.json"):
                return RunFolder.open(place)
        names = [str(run.path) for run in self.runs()]
        near = nearest(str(word), names) if names else text("runs.none.here")
        raise RunError(text("runs.none", path=word, near=near))

    def reserve(self, name: str) -> Path:
        """Create an empty folder with the first free name of `candidates`, and return it."""
        # mkdir is atomic, so of several processes that start at once each gets a folder of its own.
        for place in candidates(self.root / name):
            with storage(place), suppress(FileExistsError):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.mkdir()
                return place
        raise RunError(text("runs.name.folders", path=self.root / name))

    def create(self, name: str) -> RunFolder:
        """A new, locked run with the first free name of `candidates`."""
        for place in candidates(self.root / name):
            if not is_taken(place):
                with suppress(TakenError, LockedError):  # another process took it meanwhile
                    return RunFolder.create(place)
        raise RunError(text("runs.name.runs", path=self.root / name))

    def runs(self) -> list[RunFolder]:
        """All runs, two levels deep, newest last. Links below a run are not followed."""
        start_times: dict[Path, float] = {}
        # Two levels: runs, and the runs inside a comparison.
        for place in _folders(self.root, links=True):
            for inner in (place, *_folders(place, links=False)):
                with suppress(OSError):  # no recipe, or a folder that was removed meanwhile
                    status = os.lstat(inner / "recipe.json")
                    if stat.S_ISREG(status.st_mode):
                        start_times[inner] = status.st_mtime  # the recipe is written once
        return [RunFolder(place) for place in sorted(start_times, key=start_times.__getitem__)]


def _folders(place: Path, links: bool) -> list[Path]:
    """The subfolders of a folder, sorted; with `links`, links to folders too."""
    try:
        with os.scandir(place) as entries:
            return sorted(Path(e.path) for e in entries if e.is_dir(follow_symlinks=links))
    except OSError:
        return []
