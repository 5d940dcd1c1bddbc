"""code: a folder with the network as one page of plain PyTorch, its weights, and examples.

model.py              raw samples -> answers in units; needs torch alone
predict.py            prints answers for files: pictures, tables, numbers
model.safetensors     the weights
example.safetensors   some test samples with étude's answers
card.json             numbers and names that are too many for the page; only if there are some
README.md             how to use it
"""

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from etude import registry
from etude.data.dataset import Split
from etude.errors import UsageError
from etude.exporters import fresh
from etude.exporters.about import about
from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.folder import building, size_of
from etude.exporters.graph import Deployed, answers, pieces
from etude.exporters.page import WIDTH, Page, Source, in_docstring, inputs, written
from etude.exporters.parity import compare, require
from etude.locale.texts import text
from etude.models.architecture import Architecture
from etude.models.plain import PlainNetwork, fill
from etude.runs.files import write as write_file
from etude.shapes import Spec
from etude.tasks.plain import Spelled

EXAMPLES = 8
"""Test samples in example.safetensors."""


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the folder, and compare the answers of model.py in a fresh process with étude's.

    Raises UsageError if the architecture or the task has no plain code, StorageError, and
    NumericsError if the answers differ; then nothing is left.
    """
    network = _network(trained)
    if not isinstance(trained.task, Spelled):
        raise UsageError(text("export.code.task", task=trained.task.name))
    deployed, split = Deployed(trained), trained.samples()
    expected = answers(deployed, split)
    source = Source(trained.card, np.dtype(split.x.dtype), network, trained.task, _head(trained))
    page = written(source)
    with building(out) as folder:
        for name, content in _files(trained, network, page, split, expected).items():
            write_file(folder / name, content)
        names = ("x", "lengths")[: 1 + (split.lengths is not None)]
        found = fresh.answers(folder / "model.py", names, pieces(split))
        parity = compare(expected, found)
        require(parity, "code")
        size = size_of(folder)
    return Exported(out, size, parity)


def _network(trained: Trained) -> PlainNetwork:
    """The network as plain code. Raises UsageError if its architecture does not say how."""
    part = trained.recipe.model
    try:
        architecture: Architecture = registry.load("model", part.name)
    except UsageError:
        raise UsageError(text("export.code.model", model=part.name)) from None
    if architecture.code is None:
        raise UsageError(
            text("export.code.model", model=part.name), do=text("export.code.model.do")
        )
    fields = part.fields
    fields.pop("preset", None)
    card = trained.card
    spec = card.model_spec
    outputs = card.outputs * getattr(trained.task, "per_target", 1)
    spec = Spec(spec.kind, spec.shape, outputs, spec.target, spec.table, spec.panel)
    padded = card.padded and card.view != "vector"
    return architecture.code(architecture.config.read(fields, "model"), spec, padded)


def _files(
    trained: Trained, network: PlainNetwork, page: Page, split: Split,
    expected: dict[str, np.ndarray],
) -> dict[str, bytes]:  # fmt: skip
    """The files of the folder by name."""
    weights = {name: x.numpy().copy() for name, x in network.weights(trained.model).items()}
    few = slice(0, EXAMPLES)
    example = {"x": np.ascontiguousarray(split.x[few])}
    if split.lengths is not None:
        example["lengths"] = split.lengths[few]
    example |= {name: np.ascontiguousarray(y[few]) for name, y in expected.items()}
    files = {
        "model.py": page.source.encode(),
        **({"predict.py": page.predict.encode()} if page.predict else {}),
        "model.safetensors": save(weights, metadata={"format": "pt"}),
        "example.safetensors": save(example),
    }
    if page.card:
        files["card.json"] = json.dumps(page.card, ensure_ascii=False, indent=1).encode()
    files["README.md"] = _readme(trained, files).encode()
    return files


def _readme(trained: Trained, files: Collection[str]) -> str:
    """How the folder is used, in English as the code."""
    return fill(
        "etude.exporters", "templates", "code.md.j2", about=about(trained), files=files,
        example=inputs(trained.card), lengths=trained.card.padded,
    ) + "\n"  # fmt: skip


def _head(trained: Trained) -> str:
    """The docstring of model.py."""
    example = inputs(trained.card)
    lines = ["    python model.py    # compares the answers for test samples with étude's"]
    if example:
        lines.append(f"    python predict.py {example[0]}")
    return "\n".join([in_docstring(about(trained).wrapped(WIDTH - 3)), "", *lines])


EXPORTER = Exporter(ExportConfig, write, text("exporter.code.summary"), "")
