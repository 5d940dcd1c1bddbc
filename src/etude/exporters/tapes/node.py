"""Play a tape in Node with the player of the page, where Node is installed."""

import json
import re
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from etude.data.dataset import Split
from etude.errors import NumericsError
from etude.exporters.parity import Answers
from etude.exporters.tapes.form import Tape
from etude.locale.texts import text

WAIT = 120
"""Seconds for all samples."""
WEB = "etude.exporters.web"


def script(name: str) -> str:
    """A file of the page, such as player.js."""
    return files(WEB).joinpath(name).read_text(encoding="utf-8")


def found() -> str | None:
    """The path of Node; None if it is not installed."""
    return shutil.which("node")


def played(tape: Tape, split: Split) -> tuple[Answers, list[float]]:
    """The answers of the player for the samples of a split, and the milliseconds of each.

    Raises NumericsError if Node fails.
    """
    node = found()
    assert node is not None
    samples = {"x": np.asarray(split.x[:]).astype(tape.values[tape.inputs["x"]].dtype)}
    if "lengths" in tape.inputs and split.lengths is not None:
        samples["lengths"] = split.lengths.astype(np.int64)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "player.mjs").write_text(script("player.js"), encoding="utf-8")
        (folder / "node.mjs").write_text(script("node.js"), encoding="utf-8")
        (folder / "tape.safetensors").write_bytes(tape.content())
        arrays = {name: np.ascontiguousarray(x) for name, x in samples.items()}
        (folder / "samples.safetensors").write_bytes(save(arrays))
        names = ("node.mjs", "player.mjs", "tape.safetensors", "samples.safetensors")
        try:
            ended = subprocess.run(
                [node, *(str(folder / name) for name in names)],
                capture_output=True, text=True, encoding="utf-8", timeout=WAIT, check=True,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            why = next((line for line in lines if re.match(r"\w*Error: ", line)), lines[0])
            raise NumericsError(
                text("export.tape.node", why=why[:300]), do=text("export.unequal.do")
            ) from None
    said = json.loads(ended.stdout)
    found_ = {}
    for name, rows in said["outputs"].items():
        value = tape.values[tape.outputs[name]]
        flat = np.array([[float(x) for x in row] for row in rows])
        found_[name] = flat.reshape(-1, *value.shape[1:]).astype(value.dtype)
    return found_, said["milliseconds"]
