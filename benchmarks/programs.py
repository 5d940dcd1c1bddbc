"""The programs that are compared: étude, and the peers; run one at a time, each a process.

A program prints one line of JSON at its end. One that cannot be installed or that fails gives a row
with `error`, which the tables show: no peer is dropped in silence.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent
ROOT = HOME.parent
OURS = "etude"
TIMEOUT = 7200

NETWORKS = {
    "mlp": ("model.hidden=256,256", "model.dropout=0.2"),
    "cnn": (
        "model.channels=32,64", "model.convs=1", "model.dropout2d=0.1",
        "model.hidden=[512]", "model.dropout=0.25",
    ),
    "lstm": ("model.hidden=128", "model.layers=2", "model.dropout=0"),
    "vit": (
        "model.patch=4", "model.width=64", "model.depth=6", "model.heads=4",
        "model.mlp_ratio=2", "model.dropout=0.1",
    ),
    "aae": ("model.preset=notes",),
}  # fmt: skip
"""The shared networks in étude's words; peers/networks.py has them in PyTorch's."""
TRAINING = (
    "optimizer=adam", "lr=0.001", "schedule=constant", "warmup=0", "weight_decay=0", "clip=0",
    "patience=0",
)  # fmt: skip
"""Adam at 1e-3 and nothing else."""


@dataclass(frozen=True)
class Program:
    """file: under benchmarks/. group: of requirements.txt, "" where étude's environment is enough.
    words: given before all others."""

    file: str
    networks: tuple[str, ...]
    group: str = ""
    words: tuple[str, ...] = ()


ALL = tuple(NETWORKS)
PROGRAMS = {
    OURS: Program("etude_run.py", ALL),
    "idiomatic": Program("peers/idiomatic.py", ALL),
    "idiomatic_2_workers": Program("peers/idiomatic.py", ("mlp", "cnn"), "", ("--workers", "2")),
    "plain_tensors": Program("peers/plain_tensors.py", ALL),
    "keras_jax": Program("peers/keras_jax.py", ("mlp", "cnn", "lstm"), "keras_jax"),
    "ignite": Program("peers/with_ignite.py", ("mlp",), "ignite"),
    "accelerate": Program("peers/with_accelerate.py", ("mlp", "cnn"), "accelerate"),
    "skorch": Program("peers/with_skorch.py", ("mlp",), "skorch"),
    "lightning": Program("peers/with_lightning.py", ("mlp",), "lightning"),
    "fastai": Program("peers/with_fastai.py", ("mlp",), "fastai"),
    "timm": Program("peers/with_vits.py", ("vit",), "timm", ("--library", "timm")),
    "vit_pytorch": Program(
        "peers/with_vits.py", ("vit",), "vit_pytorch", ("--library", "vit_pytorch")
    ),
    "pythae": Program("peers/with_pythae.py", ("aae",), "pythae"),
}


def on(network: str, only: Sequence[str] = ()) -> list[str]:
    """The programs that train a network, étude first; of them only those named, and étude."""
    names = [name for name, program in PROGRAMS.items() if network in program.networks]
    return [name for name in names if not only or name in only or name == OURS]


def alternate(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """(round, name): the names in order, then backwards, and so on, so that nobody always comes
    first on a cool machine or after the same neighbour."""
    for number in range(rounds):
        yield from ((number, name) for name in (names if number % 2 == 0 else names[::-1]))


def last_json(text: str) -> dict[str, Any] | None:
    """The last line that is a JSON object."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            try:
                return dict(json.loads(line))
            except ValueError:
                continue
    return None


def last_words(text: str) -> str:
    """The end of what a program said before it failed: the cause, and what to do where that
    follows it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    count = 2 if lines and lines[-1].startswith("->") else 1
    return " ".join(lines[-count:])[:300] or "it said nothing"


def call(
    command: Sequence[str], timeout: float = TIMEOUT, folder: Path | None = None
) -> dict[str, Any]:
    """Run a program to its end, in a folder: what it says, with `seconds_total` measured from
    outside; or {"error": its last words}."""
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    if "ETUDE_DATA" in env:  # programs run in folders of their own
        env["ETUDE_DATA"] = str(Path(env["ETUDE_DATA"]).resolve())
    began = time.perf_counter()
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            text=True,
            env=env,
            timeout=timeout,
            check=False,
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"did not end within {timeout:.0f} s"}
    seconds = time.perf_counter() - began
    found = last_json(done.stdout)
    if done.returncode or found is None:
        return {"error": f"exit code {done.returncode}: {last_words(done.stderr)}"}
    return {**found, "seconds_total": round(seconds, 3)}


def python_of(program: Program) -> str:
    """The interpreter that a program is run by."""
    from benchmarks.peers import environment

    return str(environment.PYTHON) if program.group else sys.executable


def missing(names: Sequence[str]) -> dict[str, str]:
    """Why each program cannot be run, where it cannot; the peers are installed first."""
    needed = {PROGRAMS[name].group for name in names} - {""}
    if not needed:
        return {}
    from benchmarks.peers import environment

    failures = environment.ensure()
    found = {name: failures.get(PROGRAMS[name].group, "") for name in names}
    return {name: why for name, why in found.items() if why}


def run(
    name: str, failures: dict[str, str], words: Sequence[str], extra: Sequence[str] = ()
) -> dict[str, Any]:
    """One run of a program. extra: key=value words, for étude alone."""
    if name in failures:
        return {"error": failures[name]}
    program = PROGRAMS[name]
    command = [python_of(program), str(HOME / program.file), *program.words, *words]
    return call([*command, *(["--", *extra] if name == OURS and extra else [])])
