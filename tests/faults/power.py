"""Power loss: every state a disk may be in after a cut at any moment of three saves.

The system calls of a run's beginning and of three saves are recorded by strace, with what was
written. A cut may come after any of them. Whatever was not synced by then may be there or not:
each write whole, lost, halved or zeroed; each new, renamed or removed name there or not. A write is
safe after an fsync of its file, a name after an fsync of its folder (the model of ALICE: T. Pillai
et al., OSDI 2014, which is harsher than most file systems). In each such state the run is opened:
nothing acknowledged may be lost, and nothing may load with content that was never saved.
"""

import ast
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from etude.errors import RunError
from etude.runs import jsonl
from etude.runs.folder import RunFolder
from tests.faults.common import Row, environment, missing, references

CALLS = "openat,write,pwrite64,fsync,ftruncate,truncate,mkdir,rename,rmdir,unlink,unlinkat,close"
STEPS = (3, 6, 9)
MOST = 512
"""States tried of one moment: all, where there are no more; else each fault by itself, each pair,
and all at once."""


@dataclass
class Op:
    """One change: of a file's content (by its number) or of a name. settled: synced by then."""

    kind: str
    path: str
    file: int = -1
    data: bytes = b""
    at: int = 0
    to: str = ""
    settled: bool = False

    @property
    def fates(self) -> tuple[str, ...]:
        """What can become of it in a cut."""
        if self.settled:
            return ("kept",)
        return ("kept", "lost", "half", "zeros") if self.kind == "write" else ("kept", "lost")


@dataclass
class Recorder:
    """Reads a trace: operations below `root`, and what was acknowledged after how many of them."""

    root: str
    ops: list[Op] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    syncs: list[tuple[int, str, int]] = field(default_factory=list)
    open_files: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """One line of strace's."""
        match = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)", line)
        if not match or int(match[3]) < 0:
            return
        call, result = match[1], int(match[3])
        args = ast.literal_eval(f"[{quoted(match[2])}]")
        if call == "openat":
            self._open(self._path(args[0], args[1]), str(args[2]), result)
        elif call in ("write", "pwrite64"):
            self._write(args, result)
        elif call == "fsync" and args[0] in self.open_files:
            path, number, _ = self.open_files[args[0]]
            self.syncs.append((len(self.ops), path, number))
        elif call in ("ftruncate", "truncate"):
            opened = self.open_files.get(args[0]) if call == "ftruncate" else None
            path = opened[0] if opened else self._path(-100, args[0])
            if path in self.numbers:
                self._op(Op("cut", path, self.numbers[path], at=args[1]))
                self.sizes[self.numbers[path]] = args[1]
        elif call == "mkdir":
            self._op(Op("mkdir", self._path(-100, args[0])))
        elif call in ("rmdir", "unlink"):
            self._op(Op("remove", self._path(-100, args[0])))
        elif call == "unlinkat":
            self._op(Op("remove", self._path(args[0], args[1])))
        elif call == "rename":
            self._rename(self._path(-100, args[0]), self._path(-100, args[1]))
        elif call == "close":
            self.open_files.pop(args[0], None)

    def _path(self, at: int, path: str) -> str:
        if path.startswith("/") or at not in self.open_files:
            return path
        return f"{self.open_files[at][0]}/{path}".rstrip("/.")

    def _op(self, op: Op) -> None:
        if op.path.startswith(self.root):
            self.ops.append(op)

    def _open(self, path: str, flags: str, handle: int) -> None:
        if "O_CREAT" in flags and path.startswith(self.root) and path not in self.numbers:
            self.numbers[path] = len(self.sizes)
            self.sizes[self.numbers[path]] = 0
            self._op(Op("create", path, self.numbers[path]))
        number = self.numbers.get(path, -1)
        if "O_TRUNC" in flags and number >= 0 and self.sizes[number]:
            self._op(Op("cut", path, number))
            self.sizes[number] = 0
        place = self.sizes.get(number, 0) if "O_APPEND" in flags else 0
        self.open_files[handle] = (path, number, place)

    def _write(self, args: Sequence[object], count: int) -> None:
        handle, data = args[0], str(args[1]).encode("latin-1")[:count]
        if handle == 1:
            self.said.append((len(self.ops), data.decode()))
        elif handle in self.open_files:
            path, number, at = self.open_files[handle]  # type: ignore[index]
            if number >= 0:
                self._op(Op("write", path, number, data, at))
                self.sizes[number] = max(self.sizes[number], at + count)
                self.open_files[handle] = (path, number, at + count)  # type: ignore[index]

    def _rename(self, old: str, new: str) -> None:
        self._op(Op("rename", old, to=new))
        for path in [p for p in self.numbers if p == old or p.startswith(f"{old}/")]:
            self.numbers[new + path[len(old) :]] = self.numbers.pop(path)

    def before(self, moment: int) -> list[Op]:
        """The first `moment` operations, with what was synced until then settled."""
        ops = [Op(**{**vars(op), "settled": False}) for op in self.ops[:moment]]
        for when, path, number in self.syncs:
            for op in ops[:when] if when <= moment else ():
                names = {str(Path(op.path).parent), str(Path(op.to or op.path).parent)}
                content = op.kind in ("write", "cut")
                op.settled |= op.file == number >= 0 if content else path in names
        return ops


def quoted(arguments: str) -> str:
    """strace's arguments as Python: flags and paths of handles become texts or go."""
    plain = re.sub(r"<[^<>]*>", "", arguments)
    plain = re.sub(r", 0([0-7]{3,4})$", r", 0o\1", plain.replace("AT_FDCWD", "-100"))
    return re.sub(r'(?<!["\\x\w])([A-Z_]{3,}[A-Z_|0-9]*)', r'"\1"', plain)


def build(ops: Sequence[Op], fates: Sequence[str], place: Path, root: str) -> None:
    """Make the state on the disk: each operation as its fate says."""
    names: dict[str, int | None] = {}
    content: dict[int, bytearray] = {}
    for op, fate in zip(ops, fates):
        if fate == "lost":
            continue
        if op.kind in ("create", "mkdir"):
            names[op.path] = op.file if op.kind == "create" else None
        elif op.kind == "write":
            apply(content.setdefault(op.file, bytearray()), op, fate)
        elif op.kind == "cut":
            data = content.setdefault(op.file, bytearray())
            data[op.at :] = bytes(max(0, op.at - len(data)))
        elif op.kind == "remove":
            names.pop(op.path, None)
        elif op.path in names:
            moved = [p for p in names if p == op.path or p.startswith(f"{op.path}/")]
            for path in moved:
                names[op.to + path[len(op.path) :]] = names.pop(path)
    for path, number in sorted(names.items()):
        there = place / path[len(root) :].lstrip("/")
        if not there.parent.is_dir():
            continue  # its folder was lost
        if number is None:
            there.mkdir(exist_ok=True)
        else:
            there.write_bytes(bytes(content.get(number, b"")))


def apply(data: bytearray, op: Op, fate: str) -> None:
    """Write into a file's content what its fate leaves of a write."""
    kept = {"kept": op.data, "half": op.data[: len(op.data) // 2], "zeros": bytes(len(op.data))}
    written = kept[fate]
    if len(data) < op.at:
        data.extend(bytes(op.at - len(data)))
    data[op.at : op.at + len(written)] = written


def states(ops: Sequence[Op]) -> Iterator[tuple[str, ...]]:
    """The fates that all operations can have together."""
    count = 1
    for op in ops:
        count *= len(op.fates)
    if count <= MOST:
        yield from itertools.product(*(op.fates for op in ops))
        return
    kept = ["kept"] * len(ops)
    open_ops = [i for i, op in enumerate(ops) if not op.settled]
    yield tuple(kept)
    yield tuple("kept" if op.settled else "lost" for op in ops)
    single = [(i, fate) for i in open_ops for fate in ops[i].fates[1:]]
    for some in [*((one,) for one in single), *itertools.combinations(single, 2)]:
        if len({i for i, _ in some}) == len(some):
            state = list(kept)
            for i, fate in some:
                state[i] = fate
            yield tuple(state)


def wrong(run: Path, saved: dict[int, dict[str, object]], said: list[str]) -> str:
    """What a cut has broken: "" if all that was acknowledged is there, and nothing else."""
    steps = [int(word.split()[1]) for word in said if word.startswith("acknowledged")]
    settled = [int(word.split()[1]) for word in said if word.startswith("settled")]
    if not (run / "recipe.json").is_file():
        return f"the run is gone, though {steps[-1]} was acknowledged" if steps else ""
    folder = RunFolder(run)
    try:
        folder.read("recipe.json")
        folder.read("provenance.json")
        newest, _ = folder.newest()
        if (newest.step if newest else 0) < max(steps, default=0):
            return f"lost: {steps[-1]} was acknowledged, {newest and newest.step} is the newest"
        for point in (newest, folder.best() if settled else None):
            if point and point.state != saved[point.step]:
                return f"{point.step} loads what was never saved"
        if newest:
            folder.rewind(newest.state["metrics_bytes"])
            if len(folder.rows) != STEPS.index(newest.step) + 1:
                return "metrics are not those of the checkpoint"
        jsonl.cut_damaged_lines(folder.timing)
    except RunError as error:
        return str(error)
    return ""


def check(folder: Path, family: str = "mlp") -> list[Row]:
    """All states of the recorded saves."""
    lacking = missing("strace", "strace")
    if lacking:
        return lacking
    source = references(folder / "references", [family])[family]
    run, trace = folder / "recorded", folder / "recorded.trace"
    shutil.rmtree(run, ignore_errors=True)
    words = [str(source), str(run), *map(str, STEPS)]
    subprocess.run(
        ["strace", "-f", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-o", str(trace),
         sys.executable, "-m", "tests.faults.save", *words],
        env=environment(), check=True, capture_output=True,
    )  # fmt: skip
    recorder = Recorder(str(run))
    with trace.open() as file:
        for line in file:
            recorder.read(line)
    saved = {step: _state(recorder, step) for step in STEPS}
    tried, bad = replay(recorder, saved)
    detail = f"{tried} states of {len(recorder.ops)} operations {bad[:3] or ''}".strip()
    return [Row("power", f"{family}, three saves", tried > 100, not bad, detail)]


def _state(recorder: Recorder, step: int) -> dict[str, object]:
    """The state that was written for a step, from the trace."""
    import json

    paths = [op for op in recorder.ops if op.kind == "write" and op.path.endswith("state.json")]
    for op in paths:
        if f"-{step:08d}-" in op.path:
            return dict(json.loads(op.data))
    raise AssertionError(f"no state of step {step} in the trace")


def replay(recorder: Recorder, saved: dict[int, dict[str, object]]) -> tuple[int, list[str]]:
    """(how many states were tried, what was wrong in which)."""
    tried, bad = 0, []
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    for moment in range(len(recorder.ops) + 1):
        said = [text for when, text in recorder.said if when <= moment]
        ops = recorder.before(moment)
        for fates in states(ops):
            tried += 1
            with tempfile.TemporaryDirectory(dir=shared) as place:
                build(ops, fates, Path(place), recorder.root)
                problem = wrong(Path(place), saved, said)
            if problem:
                lost = [
                    f"{o.kind} {o.path[len(recorder.root) :]} {f}"
                    for o, f in zip(ops, fates)
                    if f != "kept"
                ]
                bad.append(f"after {moment}: {problem} ({', '.join(lost)})")
    return tried, bad
