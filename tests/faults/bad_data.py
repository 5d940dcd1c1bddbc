"""Bad data: every kind alone, and sixty hidden among 1,200 good ones.

    python -m tests.faults.bad_data            every kind alone, a line each
    python -m tests.faults.bad_data --hidden   also the sixty, and through the real command

Each kind must be refused with a DataError that names it (and by --skip-bad be left out where that
is safe), or be taken and told of. Nothing else may come out, and nothing may wait. Sixty must come
in one report that names all sixty. A fault that could not be made here counts as failed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np

import etude
from etude import assembly, pipeline
from etude.assembly import Prepared
from etude.errors import DataError
from etude.locale.texts import render
from etude.recipe import draft
from etude.training.distributed import ALONE
from tests.data.notes import english, stored
from tests.faults import bad_arrays, bad_pictures
from tests.faults.kinds import Kind, NotHit
from tests.faults.rights import dropped, laid_aside

KINDS: list[Kind] = [*bad_pictures.KINDS, *bad_arrays.KINDS]
GOOD, BAD = 1140, 60
SECONDS = 20


class Row(NamedTuple):
    """What came of one kind."""

    kind: str
    outcome: str
    ok: bool
    detail: str


class Hung(BaseException):
    """It took too long. Not an Exception, so that no handler for damaged files takes it."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise Hung if what is inside waits, for a pipe say."""

    def late(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def assembled(path: Path, skip: bool = False) -> Prepared:
    """The data as `etude train mlp` takes them, and one batch of them. Raises DataError."""
    fields = {"train.device": "cpu", "data.skip_bad": skip}
    parts = assembly.prepare(assembly.read_draft(draft("mlp", str(path), fields=fields)), ALONE)
    for held in (*pipeline.training_data(parts), pipeline.test_data(parts)):
        batch = held.take(np.arange(min(2, len(held))))
        assert batch.x.isfinite().all() and batch.y.isfinite().all(), "a batch that is not finite"
    return parts


def _error(path: Path) -> DataError | None:
    try:
        assembled(path)
    except DataError as error:
        return error
    return None


def check(kinds: Iterable[Kind] = tuple(KINDS)) -> list[Row]:
    """Every kind alone."""
    return [_alone(kind) for kind in kinds]


def _alone(kind: Kind) -> Row:
    try:
        return _refused(kind) if kind.expected == "error" else _used(kind)
    except NotHit as why:
        return Row(kind.name, "not hit", False, str(why))
    except Hung:
        return Row(kind.name, "hung", False, f"no answer within {SECONDS} s")
    except Exception as escaped:
        return Row(kind.name, "escaped", False, f"{type(escaped).__name__}: {escaped}")


@contextmanager
def _made(kind: Kind) -> Iterator[Path]:
    """A fixture in a place of its own, as long as it is looked at."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "data"
        root.mkdir()
        path = kind.make(root)
        with at_most(SECONDS), kind.around(root):
            yield path


def _refused(kind: Kind) -> Row:
    """One line that says what was expected; and what it says may be left out, is."""
    with _made(kind) as path:
        error = _error(path)
    if error is None:
        return Row(kind.name, "taken", False, f"an error with {kind.told} was expected")
    said = [render("en", item) for item in error.items or (error.what,)]
    right = len(said) == 1 and all(words in said[0] for words in kind.told)
    if not right or error.exit_code != 3:
        return Row(kind.name, "error", False, f"{kind.told} expected, said: {error}")
    if ("--skip-bad" in render("en", error.do)) != bool(kind.left_out):
        return Row(kind.name, "error", False, f"what to do is wrong: {error}")
    if not kind.left_out:
        return Row(kind.name, "error", True, said[0])
    with _made(kind) as path:
        names = [one.name for one in assembled(path, skip=True).dataset.left_out]
    if names != [kind.left_out]:
        return Row(kind.name, "error", False, f"--skip-bad left out {names}")
    return Row(kind.name, "error", True, f"{said[0]} (or left out)")


def _used(kind: Kind) -> Row:
    """Usable, told of, and what it should be."""
    try:
        with _made(kind) as path:
            parts = assembled(path)
    except DataError as error:
        return Row(kind.name, "error", False, f"it should be usable: {error}")
    notes = english(parts.dataset.card.notes)
    missing = [words for words in kind.told if not any(words in note for note in notes)]
    if missing:
        return Row(kind.name, "taken", False, f"no note says {missing}: {notes}")
    if kind.holds and not kind.holds(parts):
        return Row(kind.name, "taken", False, f"taken, but not as it should be: {notes}")
    return Row(kind.name, "taken", True, "; ".join(kind.told) or "usable as it is")


# --- sixty among 1,200 ---------------------------------------------------------------------------


class Hidden(NamedTuple):
    """1,200 samples of which sixty are bad. names: of these; closed: a file none may read."""

    path: Path
    names: set[str]
    closed: Path | None = None


def pictures(root: Path) -> Hidden:
    """A folder of small pictures; every kind of broken file several times."""
    for i in range(GOOD):
        bad_pictures.noise(i, 6, "L").save(_of_class(root, f"{i:04}.png"))
    names, unreadable = set(), None
    kinds = list(bad_pictures.BROKEN.items())
    for i in range(BAD):
        kind, (write, _) = kinds[i % len(kinds)]
        path = _of_class(root, f"bad{i:02}.png")
        write(path)
        names.add(f"{path.parent.name}/{path.name}")
        unreadable = path if kind == "unreadable" else unreadable
    return Hidden(root, names, unreadable)


def _of_class(root: Path, name: str) -> Path:
    folder = root / ("cat", "dog")[int(name[-6:-4]) % 2]
    folder.mkdir(exist_ok=True)
    return folder / name


def rows(root: Path) -> Hidden:
    """One .npz for classes, with every kind of bad number in x."""
    arrays = bad_arrays.clean(GOOD + BAD)
    where = _scattered()
    values = [np.nan, np.inf, -np.inf, 1e39, -1e300]
    for i, row in enumerate(where):
        arrays["x"][row, i % 4] = values[i % len(values)]
    np.savez(root / "a.npz", **arrays)
    return Hidden(root / "a.npz", {f"row {row}" for row in where})


def values(root: Path) -> Hidden:
    """.npy files for regression, with bad numbers in x, in y and in both."""
    arrays = bad_arrays.clean(GOOD + BAD)
    arrays["y"] = arrays["y"].astype(np.float64)
    where = _scattered()
    for i, row in enumerate(where):
        for name in (("x",), ("y",), ("x", "y"))[i % 3]:
            arrays[name][row] = [np.nan, np.inf, 1e39][i // 3 % 3]
    for name, array in arrays.items():
        np.save(root / f"{name}.npy", array)
    return Hidden(root, {f"row {row}" for row in where})


def lines(root: Path) -> Hidden:
    """One .ts with every kind of bad line, the first line among them."""
    found, where = bad_arrays.lines(GOOD + BAD), [0, *_scattered()[1:]]
    kinds = [line for line, _ in bad_arrays.BAD_LINES.values()]
    kinds[0] = "1:a"
    for i, row in enumerate(where):
        found[row] = kinds[i % len(kinds)]
    path = bad_arrays.text(root / "a.ts", bad_arrays.HEAD + "\n".join(found) + "\n")
    return Hidden(path, {f"a.ts line {row + 4}" for row in where})


def _scattered() -> list[int]:
    """Sixty numbers of rows, the same always."""
    random = np.random.Generator(np.random.Philox(3))
    return sorted(random.choice(GOOD + BAD, BAD, replace=False).tolist())


HIDDEN: dict[str, Callable[[Path], Hidden]] = {
    "60 of 1,200 pictures": pictures,
    "60 of 1,200 rows of an .npz": rows,
    "60 of 1,200 rows of .npy files": values,
    "60 of 1,200 lines of a .ts": lines,
}


def check_hidden(name: str, command: bool = True) -> list[Row]:
    """One report that names all sixty: from the library, from the command; or they are left out."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "data"
        root.mkdir()
        hidden = HIDDEN[name](root)
        found = []
        steps = {
            "library": _one_report,
            "left out": _spared,
            **({"command": _told} if command else {}),
        }
        for step, look in steps.items():
            try:
                wrong = look(hidden, Path(place))
            except NotHit as why:
                wrong = f"not hit: {why}"
            detail = wrong or f"all {BAD} named"
            found.append(Row(f"{name}: {step}", "error", not wrong, detail))
        return found


def _without_rights(hidden: Hidden) -> AbstractContextManager[None]:
    return laid_aside(hidden.closed) if hidden.closed else nullcontext()


def _one_report(hidden: Hidden, _: Path) -> str:
    """What is wrong with the one error; empty if nothing."""
    with _without_rights(hidden):
        error = _error(hidden.path)
    if error is None:
        return "no error"
    items = [render("en", item) for item in error.items]
    found = [item.split(": ")[0] for item in items]
    if len(found) != BAD or set(found) != hidden.names:
        return f"{len(found)} items, not the {BAD}: {set(found) ^ hidden.names}"
    shown = sum(f"- {item}" in str(error) for item in items)
    if shown != 20 or f"... and {BAD - 20} more" not in str(error):
        return f"{shown} are shown: {error}"
    return "" if error.exit_code == 3 else f"exit code {error.exit_code}"


def _spared(hidden: Hidden, _: Path) -> str:
    """Whether exactly the sixty are left out, and told."""
    with _without_rights(hidden):
        parts = assembled(hidden.path, skip=True)
    names = [one.name for one in parts.dataset.left_out]
    card = parts.dataset.card
    if set(names) != hidden.names or len(names) != BAD or sum(card.sizes.values()) != GOOD:
        return f"left out {len(names)}: {set(names) ^ hidden.names}; {card.sizes}"
    told = f"left out {BAD} of {GOOD + BAD:,}: "
    notes = english(card.notes)
    return "" if any(note.startswith(told) for note in notes) else f"not told: {notes}"


def _told(hidden: Hidden, place: Path) -> str:
    """Whether the command says the same, with exit code 3 and no traceback; and trains without."""
    words = [sys.executable, "-m", "etude", "train", "mlp", "--data", str(hidden.path), "--json"]
    words += ["--epochs", "1", "--threads", "1", "--device", "cpu"]
    ran = [
        subprocess.run(
            [*words, *more],
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(Path(etude.__file__).parent.parent)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=dropped if hidden.closed else None,
        )
        for more in ([], ["--skip-bad", "--name", "spared"])
    ]
    first, second = ran
    if first.returncode != 3 or first.stdout or "Traceback" in first.stderr:
        return f"exit code {first.returncode}: {first.stderr}"
    named = sum(f"  - {name}: " in first.stderr for name in hidden.names)
    if named != 20 or f"... and {BAD - 20} more" not in first.stderr:
        return f"{named} are named: {first.stderr}"
    if second.returncode or "Traceback" in second.stderr:
        return f"--skip-bad: exit code {second.returncode}: {second.stderr}"
    notes = english(stored(json.loads(second.stdout)["notes"]))
    told = any(f"left out {BAD} of" in note for note in notes)
    kept = json.loads((place / "runs" / "spared" / "provenance.json").read_text())["left_out"]
    names = {item.split(": ")[0] for item in kept}
    return "" if told and names == hidden.names else f"--skip-bad tells {told}, keeps {len(names)}"


def main(arguments: list[str]) -> int:
    """Print the table; 1 if anything is not as it must be."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = check()
    if "--hidden" in arguments:
        found += [row for name in HIDDEN for row in check_hidden(name)]
    for row in found:
        print(f"{'ok ' if row.ok else 'BAD'} {row.outcome:<8} {row.kind}: {row.detail[:200]}")
    bad = [row for row in found if not row.ok]
    print(f"{len(KINDS)} kinds; {len(found)} checks, {len(bad)} not as they must be")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
