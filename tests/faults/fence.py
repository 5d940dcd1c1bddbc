"""The fence: what a command of ours opens, runs and connects to, seen by strace.

    python -m tests.faults.fence      a good run, and runs of strangers, predicted and listed

After the start nothing may be executed and nothing connected; what is opened must lie in the Python
installation, in the system's own places, or in the working folder. Where a path really leads is
what counts: strace tells it of each handle.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults import hostile
from tests.faults.hostile_runs import RUNS
from tests.faults.makers import Thing

NEEDED = "strace is not here, so nothing was proven: apt-get install strace"
OPENED = re.compile(r"\bopen(?:at)?\(.*\) = \d+<([^>]*)>")
DEVICES = ("/dev/null", "/dev/urandom", "/dev/shm", "/dev/tty", "/dev/pts")
SYSTEM = ("/usr/", "/lib/", "/lib64/", "/etc/", "/proc/", "/sys/", "pipe:", "socket:")
LINKS = (
    "recipe.json is a link", "best.json is a link", "metrics.jsonl is a link",
    "checkpoints is a link", "@/ is a link", "@/state.json is a link",
    "@/model.safetensors is a link",
)  # fmt: skip


def traced(words: Sequence[str], place: Path) -> tuple[int, str]:
    """(exit code, trace) of a command in a folder. Raises RuntimeError if strace is missing."""
    if shutil.which("strace") is None:
        raise RuntimeError(NEEDED)
    with tempfile.NamedTemporaryFile() as log:
        calls = "trace=execve,execveat,connect,openat,openat2,open"
        command = ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", calls, "-o", log.name, *words]
        caches = {"MPLCONFIGDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=place, env={**os.environ, **caches}, capture_output=True, timeout=120
        )
        return done.returncode, Path(log.name).read_text(errors="replace")


def strangers(trace: str, place: Path) -> list[str]:
    """What the trace has that no command of ours should do."""
    home = Path(hostile.__file__).resolve().parents[2]
    roots = {sys.prefix, sys.base_prefix, *sys.path, str(home / "src"), str(place)}
    inside = tuple(f"{os.path.realpath(root)}{os.sep}" for root in roots if root and root != "/")
    found, began = [], False
    for line in trace.splitlines():
        call = line.split(maxsplit=1)[-1]
        if call.startswith("execve") and not began:
            began = True
        elif call.startswith(("execve", "connect(")) and " = -1 ENOENT" not in call:
            found.append(call[:200])
        elif match := OPENED.search(call):
            path = match[1]
            allowed = (*inside, *SYSTEM, *DEVICES)
            if not f"{path}/".startswith(allowed) or "/outside/" in f"{path}/":
                found.append(f"opened {path}")
    return found


def watched(thing: Thing | None, words: Sequence[str], place: Path) -> list[str]:
    """Strangers in a command's trace, with the run spoilt as the thing says."""
    hostile.fresh(place, "runs")
    (place / "outside").mkdir()
    (place / "outside" / "secret").write_text("of nobody's business")
    if thing:
        thing.make(place)
    command = [sys.executable, "-m", "etude", *words]
    code, trace = traced(command, place)
    found = strangers(trace, place)
    if (code == 0) == bool(thing) or not OPENED.search(trace):
        found.append(f"exit {code}, or nothing was traced")
    return found


def all_watched() -> dict[str, list[str]]:
    """A good run, and one for each kind of link; what was found by name."""
    things: list[Thing | None] = [None, *(t for t in RUNS if t.name in LINKS)]
    assert len(things) == 1 + len(LINKS)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        place.mkdir()
        hostile.prepare(place, "runs")
        words = ("predict", "runs/evil", "good.npy")
        return {t.name if t else "a good run": watched(t, words, place) for t in things}


def main() -> int:
    """Print what was found; 1 if anything was."""
    try:
        found = all_watched()
    except RuntimeError as error:
        print(error)
        return 1
    for name, wrong in found.items():
        print(f"{name}: {'; '.join(wrong) or 'nothing outside was opened, run or connected'}")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main())
