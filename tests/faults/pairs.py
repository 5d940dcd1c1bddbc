"""Two at once: many starters on one run, and readers while it is written.

python -m tests.faults.pairs write RUN SOURCE COUNT
python -m tests.faults.pairs read RUN
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from etude.errors import RunError
from etude.runs.folder import RunFolder
from tests.faults.common import Row, environment, references, start, train_words
from tests.faults.save import begin, save

STARTERS, COMMITS, SOON = 8, 1000, 2.0


def starters(folder: Path) -> Row:
    """Eight commands for one name: one wins; the others say so and leave soon. Where other work
    takes the machine's time it is tried again, twice."""
    for number in range(3):
        row = race(folder / f"starters-{number}")
        if row.ok:
            break
    return row


def race(place: Path) -> Row:
    """One such start."""
    place.mkdir()
    began = time.monotonic()
    children = {start(train_words("mlp", "run"), place): 0.0 for _ in range(STARTERS)}
    while any(child.poll() is None for child in children):
        for child in children:
            if child.poll() is not None and not children[child]:
                children[child] = time.monotonic() - began
        time.sleep(0.005)
    took = {child: children[child] or time.monotonic() - began for child in children}
    said = {child: child.communicate()[1] for child in children}
    losers = [child for child in children if child.returncode]
    problems = [
        said[c][-200:] for c in losers if c.returncode not in (2, 6) or "run" not in said[c]
    ]
    slowest = max((took[child] for child in losers), default=0.0)
    if len(losers) != STARTERS - 1:
        problems.append(f"{STARTERS - len(losers)} have won")
    if slowest > SOON:
        problems.append(f"the last of the others left after {slowest:.1f} s")
    detail = f"the others left within {slowest:.2f} s {'; '.join(problems)}".strip()
    return Row("two at once", f"{STARTERS} starters", True, not problems, detail)


def readers(folder: Path) -> Row:
    """A thousand commits while three others read: each sees a whole checkpoint, never an older."""
    source, run = references(folder / "references", ["mlp"])["mlp"], folder / "read"
    module = [sys.executable, "-m", "tests.faults.pairs"]
    writer = subprocess.Popen(
        [*module, "write", str(run), str(source), str(COMMITS)],
        env=environment(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not (run / "best.json").exists():
        time.sleep(0.01)
    looking = [
        subprocess.Popen([*module, "read", str(run)], env=environment(), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]  # fmt: skip
    writer.wait()
    (run / "stop").touch()
    found = [child.communicate() for child in looking]
    counts = [int(out or 0) for out, _ in found]
    wrong = [errors.strip()[-200:] for _, errors in found if errors]
    hit = writer.returncode == 0 and (min(counts) > 20 or bool(wrong))
    detail = f"{sum(counts)} readings during {COMMITS} commits {wrong or ''}".strip()
    return Row("two at once", "readers", hit, not wrong, detail)


def orphan(folder: Path) -> Row:
    """A killed owner's child does not keep the lock."""
    place = folder / "orphan"
    code = (
        "import os, sys, time; from pathlib import Path; from etude.runs.lock import Lock\n"
        "lock = Lock(Path(sys.argv[1]))\n"
        "if os.fork() == 0: time.sleep(60)\n"
        "os.write(1, b'held\\n'); time.sleep(60)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(place)],
        env=environment(), start_new_session=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert owner.stdout is not None
    owner.stdout.readline()
    owner.kill()
    owner.wait()
    taken = subprocess.run(
        [sys.executable, "-c", code.replace("if os.fork() == 0: time.sleep(60)\n", "os._exit(0)\n"),
         str(place)], env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    os.killpg(owner.pid, 9)
    return Row("two at once", "an orphan", True, taken.returncode == 0, taken.stderr[-200:])


def check(folder: Path) -> list[Row]:
    """All three."""
    return [starters(folder), readers(folder), orphan(folder)]


def read(run: Path) -> None:
    """Look until told to stop; say how often, and on stderr what was wrong."""
    count, last = 0, 0
    folder = RunFolder(run)
    while not (run / "stop").exists():
        try:
            newest, best = folder.newest()[0], folder.best()
        except RunError as error:
            sys.exit(f"{count}: {error}")
        if newest is None or newest.step < last or best.step < last:
            sys.exit(f"{count}: after {last} came {newest and newest.step}, best {best.step}")
        if newest.state["step"] != newest.step:
            sys.exit(f"{count}: {newest.step} has another's state")
        count, last = count + 1, min(newest.step, best.step)
    print(count)


def write(run: Path, source: Path, count: int) -> None:
    """Commit again and again."""
    found, _ = RunFolder.open(source).newest()
    assert found is not None
    folder = begin(run)
    for step in range(1, count + 1):
        save(folder, found, step)


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(Path(sys.argv[2]))
    else:
        write(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
