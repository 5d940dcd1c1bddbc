"""Hostile things, each used as a user would: a clean refusal or a sane answer, and nothing else.

    python -m tests.faults.hostile                   the hand-made things, and the fence
    python -m tests.faults.hostile --fuzz 50000      also mutated inputs through our own parsers

Each command runs in a child whose address space is bounded, and has ten seconds. Whatever is
unpickled or executed would leave a file MARKER; the fence (`tests.faults.fence`) watches what is
opened, with strace.
"""

import argparse
import contextlib
import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults import fuzz
from tests.faults.fuzz import PARSERS, TooLong, bound_memory, forget_peak, resident
from tests.faults.hostile_files import FILES, RECIPES
from tests.faults.hostile_runs import RUNS, SNAPSHOTS
from tests.faults.makers import SECRET, Thing

SPACE = 4 << 30
GROWTH = 512 << 20
SECONDS = 10
"""Processor seconds that a command may take on a hostile file, whatever else the machine does."""
WAITING = 60
"""Seconds on the clock: a command that waits for a pipe or a lock takes no processor time."""
GROUPS: dict[str, Sequence[Thing]] = {
    "runs": RUNS, "snapshots": SNAPSHOTS, "files": FILES, "recipes": RECIPES,
}  # fmt: skip
SEEDS = {
    "mlp": "train mlp --data digits --epochs 1 model.hidden=8 --name mlp --json",
    "aae": "train aae --data digits --epochs 1 model.hidden=8,8 model.critic=8,8 --name aae --json",
}


@dataclass(frozen=True)
class Outcome:
    """What came of one thing. wrong: why it is a finding, empty if it is none."""

    thing: str
    wrong: str
    seconds: float
    growth: int
    said: str


def call(words: Sequence[str]) -> tuple[int, str]:
    """(exit code, all that is said) of a command of ours, in this process."""
    from etude import cli

    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        try:
            cli.main(list(words))
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    return code, heard.getvalue()


def prepare(place: Path, group: str) -> None:
    """Good runs to spoil, trained once."""
    with contextlib.chdir(place):
        for name in ("aae",) if group == "snapshots" else ("mlp",):
            code, said = call(SEEDS[name].split())
            assert code == 0, said
            shutil.move(place / "runs" / name, place / f"good-{name}")


def fresh(place: Path, group: str) -> None:
    """A working folder with the run that will be spoilt, and an input that is good."""
    import numpy as np

    for entry in place.iterdir():
        if not entry.name.startswith("good-"):
            (shutil.rmtree if entry.is_dir() and not entry.is_symlink() else os.unlink)(entry)
    seed = "aae" if group == "snapshots" else "mlp"
    shutil.copytree(place / f"good-{seed}", place / "runs" / "evil")
    np.save(place / "good.npy", np.zeros((1, 8, 8), np.float32))


def tried(place: Path, group: str, thing: Thing) -> Outcome:
    """One thing made and used."""

    def too_long(number: int, frame: object) -> None:
        limit = f"{WAITING} s" if number == signal.SIGALRM else f"{SECONDS} s of processor time"
        raise TooLong(f"took more than {limit}")

    fresh(place, group)
    thing.make(place)
    outside = _content(place / "outside")
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, too_long)
    before, began, codes, wrong, heard = resident(), time.monotonic(), [], [], ""
    forget_peak()
    for words in thing.use:
        signal.alarm(WAITING)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            code, said = call(words)
            codes.append(code)
            heard += said
            if code not in (0, 2, 3, 4, 5) or "Traceback" in said or not (said or code == 0):
                wrong.append(f"{words[0]}: exit {code}: {said[-200:]}")
        except BaseException as error:
            wrong.append(f"{words[0]}: {type(error).__name__}: {str(error)[:200]}")
        finally:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, growth = time.monotonic() - began, max(0, resident(peak=True) - before)
    if not any(codes) and not thing.answers and not wrong:
        wrong.append("nothing was refused")
    if (place / "MARKER").exists():
        wrong.append("code was executed")
    if any(letter in heard for letter in "\x1b\x9b"):
        wrong.append("the terminal was steered")
    if SECRET in heard:
        wrong.append("the secret was told")
    if _content(place / "outside") != outside:
        wrong.append("something outside the run was changed")
    if growth > GROWTH:
        wrong.append(f"memory grew by {growth >> 20} MB")
    return Outcome(thing.name, "; ".join(wrong), seconds, growth, heard.strip()[-300:])


def _content(folder: Path) -> dict[str, bytes]:
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()] if folder.is_dir() else []
    return {str(p): p.read_bytes() for p in files}


def _child(group: str, place: Path, skip: int) -> None:
    os.environ["MPLCONFIGDIR"] = str(place.parent)
    if not skip:
        prepare(place, group)
    os.chdir(place)
    fresh(place, group)
    call(("predict", "runs/evil", "good.npy"))  # what it imports is not counted
    bound_memory(SPACE)
    for thing in GROUPS[group][skip:]:
        print(json.dumps(asdict(tried(place, group, thing))), flush=True)


def outcomes(group: str) -> Iterator[Outcome]:
    """Every thing of a group, in a child; one that ends or stands still is a finding, and the rest
    goes on in another."""
    things, done = GROUPS[group], 0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        place.mkdir()
        while done < len(things):
            command = [sys.executable, "-m", "tests.faults.hostile", "--child", group]
            command += ["--place", str(place), "--skip", str(done)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert child.stdout and child.stderr
            while done < len(things):
                ready, _, _ = select.select([child.stdout], [], [], 120)
                line = child.stdout.readline() if ready else b""
                if not line:
                    break
                done += 1
                yield Outcome(**json.loads(line))
            child.kill()
            _, err = child.communicate()
            if done < len(things):
                why = err.decode(errors="replace")[-300:] or "it stood still"
                yield Outcome(things[done].name, f"the child ended: {why}", 120.0, 0, "")
                done += 1


def main() -> int:
    """All of it; 1 if anything was found."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--fuzz", type=int, default=0, help="mutated inputs a parser")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--verbose", action="store_true", help="print what each said")
    words.add_argument("--child", default="", help=argparse.SUPPRESS)
    words.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    words.add_argument("--skip", type=int, default=0, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.child:
        _child(asked.child, asked.place, asked.skip)
        return 0
    bad = 0
    for group in GROUPS:
        found = list(outcomes(group))
        wrong = [each for each in found if each.wrong]
        slowest, most = max(e.seconds for e in found), max(e.growth for e in found)
        print(f"{group}: {len(found)} things, {len(wrong)} findings, slowest {slowest:.1f} s, "
              f"growth at most {most >> 20} MB", flush=True)  # fmt: skip
        for each in found if asked.verbose else wrong:
            print(f"  {each.thing}: {each.wrong or 'ok'}\n      {each.said!r}")
        bad += len(wrong)
    if asked.fuzz:
        rows = [fuzz.in_child(name, asked.fuzz, asked.seed) for name in PARSERS]
        print(fuzz.table(rows))
        bad += sum(row.bad for row in rows)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
