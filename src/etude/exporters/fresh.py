"""Answers of exported code, computed in a fresh Python process that cannot import étude."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from etude.errors import NumericsError
from etude.locale.texts import text
from etude.shapes import Tensor

FOREIGN = ("etude", "einops", "jaxtyping", "pydantic", "safetensors", "sklearn", "jinja2", "PIL")
"""Packages that étude needs and exported code must not."""

PROGRAM = """
import importlib.util, json, sys

where, folder, path, foreign = (json.loads(word) for word in sys.argv[1:])
sys.path[:] = path
sys.dont_write_bytecode = True


class Foreign:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in foreign:
            raise ModuleNotFoundError("No module named " + name)


sys.meta_path.insert(0, Foreign())
spec = importlib.util.spec_from_file_location("model", where)
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)
page.check()
print("ready", flush=True)
model = page.load()
import numpy

for line in sys.stdin:
    found = page.answers(model, **page.tensors(folder + "/in.safetensors"))
    numpy.savez(folder + "/out.npz", **{name: y.numpy() for name, y in found.items()})
    print("done", flush=True)
"""


def answers(
    page: Path, names: Sequence[str], pieces: Iterable[tuple[Tensor, ...]]
) -> dict[str, np.ndarray]:
    """The outputs by name of `answers` in a file of code, for pieces of raw inputs.

    page: the file; the process first runs its own `check`. names: of the inputs. Raises
    NumericsError with the last line of the process if it fails.
    """
    every: list[dict[str, np.ndarray]] = []
    with tempfile.TemporaryDirectory() as folder:
        words = [str(page), folder, sys.path, FOREIGN]
        errors = Path(folder) / "errors"
        with (
            errors.open("wb") as log,
            subprocess.Popen(
                # Isolated: neither the working folder nor the environment adds modules.
                [sys.executable, "-I", "-c", PROGRAM, *map(json.dumps, words)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            ) as child,
        ):  # fmt: skip
            assert child.stdin is not None and child.stdout is not None
            try:
                _expect(child, "ready", errors)
                for piece in pieces:
                    save_file(
                        {name: x.contiguous().numpy() for name, x in zip(names, piece)},
                        Path(folder) / "in.safetensors",
                    )
                    child.stdin.write("\n")
                    child.stdin.flush()
                    _expect(child, "done", errors)
                    with np.load(Path(folder) / "out.npz") as found:
                        every.append(dict(found))
            except BaseException:
                child.kill()
                raise
    return {name: np.concatenate([one[name] for one in every]) for name in every[0]}


def _expect(child: "subprocess.Popen[str]", word: str, errors: Path) -> None:
    """Wait until the process says a word. Raises NumericsError if it ends before."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == word:
            return
    child.wait()
    said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = said[-1][:400] if said else str(child.returncode)
    raise NumericsError(text("export.code.fails", why=why), do=text("export.unequal.do"))
