"""triton: a model repository for NVIDIA Triton and other servers of the KServe v2 protocol.

    models/NAME/config.pbtxt      types and shapes of the graph
    models/NAME/1/model.onnx      raw samples -> answers: the form onnx
    models/NAME/labels.txt        the classes; only of a classifier
    client.py                     asks a server, by the standard library alone
    request.json, expected.json   one test sample, and étude's answer
    README.md

Source: the KServe "Open Inference Protocol" v2 and Triton's "Model Configuration" and "Binary
Tensor Data Extension".
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from etude.errors import plain
from etude.exporters import onnx as onnx_form
from etude.exporters.about import about
from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.folder import building, size_of
from etude.exporters.graph import Deployed, answers, inputs_of
from etude.exporters.page import literal
from etude.exporters.parity import CLASSES
from etude.locale.texts import text
from etude.models.plain import fill
from etude.runs.files import write as write_file
from etude.shapes import Tensor

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

WIRE = {
    "uint8": "UINT8",
    "int64": "INT64",
    "uint64": "UINT64",
    "float32": "FP32",
    "float64": "FP64",
}
"""The names of types in requests; config.pbtxt writes TYPE_ before them."""


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the repository; the graph is compared with étude's answers by the form onnx.

    Raises what that form raises, and StorageError; then nothing is left.
    """
    import onnx

    split, name = trained.samples(), model_name(trained.label)
    deployed = Deployed(trained)
    with building(out) as folder:
        model = folder / "models" / name
        (model / "1").mkdir(parents=True)
        done = onnx_form.write(trained, model / "1" / "model.onnx", onnx_form.OnnxConfig())
        sample, expected = inputs_of(split, 0, 1), answers(deployed, split.take(np.arange(1)))
        classes = trained.card.classes if CLASSES in expected else ()
        config = configuration(name, onnx.load(str(model / "1" / "model.onnx")), classes)
        files = {
            model / "config.pbtxt": config,
            folder / "client.py": fill(
                "etude.exporters", "templates", "client.py.j2", name=name, quoted=literal(name)
            ) + "\n",
            folder / "request.json": _json("inputs", _arrays(sample)),
            folder / "expected.json": _json("outputs", expected),
            folder / "README.md": fill(
                "etude.exporters", "templates", "triton.md.j2",
                name=name, about=about(trained), labels=bool(classes),
            ) + "\n",
        }  # fmt: skip
        if classes:
            files[model / "labels.txt"] = "".join(f"{plain(each)}\n" for each in classes)
        for path, content in files.items():
            write_file(path, content.encode())
        size = size_of(folder)
    return Exported(out, size, done.parity, done.notes)


def model_name(label: str) -> str:
    """A name that is safe in addresses, in files and in protobuf texts."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.") or "model"


def configuration(name: str, model: "ModelProto", classes: tuple[str, ...]) -> str:
    """config.pbtxt of a graph. The batch axis is in the graph, so its sizes are complete and
    Triton adds none."""
    lines = [f'name: "{name}"', 'platform: "onnxruntime_onnx"', "max_batch_size: 0"]
    weights = {each.name for each in model.graph.initializer}
    given = [each for each in model.graph.input if each.name not in weights]
    for role, values in (("input", given), ("output", model.graph.output)):
        for value in values:
            kind, sizes = _signature(value)
            lines += [f"{role} {{", f'  name: "{value.name}"', f"  data_type: {kind}"]
            lines.append(f"  dims: [ {', '.join(map(str, sizes))} ]")
            if role == "output" and value.name == CLASSES and classes:
                lines.append('  label_filename: "labels.txt"')
            lines.append("}")
    return "\n".join(lines) + "\n"


def _signature(value: "ValueInfoProto") -> tuple[str, list[int]]:
    """(type as Triton writes it, sizes with -1 for any) of an input or an output of a graph."""
    import onnx

    kind = value.type.tensor_type
    dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name
    sizes = [each.dim_value if each.HasField("dim_value") else -1 for each in kind.shape.dim]
    return f"TYPE_{WIRE[dtype]}", sizes


def _arrays(sample: tuple[Tensor, ...]) -> dict[str, np.ndarray]:
    return {name: x.numpy() for name, x in zip(("x", "lengths"), sample)}


def _json(role: str, arrays: dict[str, np.ndarray]) -> str:
    """Arrays as the protocol writes them: a list for each, its numbers in order."""
    return json.dumps({role: list(_tensors(arrays))}, indent=1) + "\n"


def _tensors(arrays: dict[str, np.ndarray]) -> Iterator[dict[str, object]]:
    for name, x in arrays.items():
        yield {
            "name": name,
            "shape": list(x.shape),
            "datatype": WIRE[x.dtype.name],
            "data": x.ravel().tolist(),
        }


EXPORTER = Exporter(
    ExportConfig, write, text("exporter.triton.summary"), "",
    requires=onnx_form.EXPORTER.requires, extra=onnx_form.EXPORTER.extra,
)  # fmt: skip
