"""A model repository describes its graph, and its client gets étude's answers from a server."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import etude
from etude.errors import NumericsError

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

TYPES = {"UINT8": np.uint8, "INT64": np.int64, "FP32": np.float32, "FP64": np.float64}
NAMES = {np.dtype(each): name for name, each in TYPES.items()}
EXTENSION = "Inference-Header-Content-Length"


def sequences():
    """60 sequences of 2 features in 2 classes, of 3 to 8 steps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8, 2))
    return {"x": x, "y": (x[:, :3, 0].mean(1) > 0).astype(int), "lengths": rng.integers(3, 9, 60)}


CASES = {"mlp": "digits", "lstm": sequences}


@pytest.fixture(scope="module", params=CASES)
def repository(request, tmp_path_factory):
    """The exported folder of a run."""
    data = CASES[request.param]
    data = data() if callable(data) else data
    run = etude.train(request.param, data, save=False, quiet=True, epochs=1)
    out = tmp_path_factory.mktemp("triton") / request.param
    done = run.export("triton", out)
    assert done.parity.same == done.parity.samples == run.result.sizes.test
    assert done.size == sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    (model,) = (out / "models").iterdir()
    assert (model / "labels.txt").read_text().split() == list(run.card.classes)
    return out


def parsed(config):
    """The inputs and outputs of config.pbtxt: (role, name) -> (type, sizes)."""
    found = {}
    for role, body in re.findall(r"^(input|output) \{\n(.*?)^\}", config, re.MULTILINE | re.DOTALL):
        name, kind = re.search(r'name: "(.*)"', body)[1], re.search(r"data_type: (\w+)", body)[1]
        sizes = re.search(r"dims: \[ (.*) \]", body)[1]
        found[role, name] = (kind, [int(side) for side in sizes.split(", ")])
    return found


def test_the_configuration_is_that_of_the_graph(repository):
    (model,) = (repository / "models").iterdir()
    config = (model / "config.pbtxt").read_text()
    assert f'name: "{model.name}"' in config
    assert "max_batch_size: 0" in config
    found = parsed(config)
    session = onnxruntime.InferenceSession(model / "1" / "model.onnx")
    kinds = {"tensor(uint8)": "TYPE_UINT8", "tensor(int64)": "TYPE_INT64",
             "tensor(float)": "TYPE_FP32", "tensor(double)": "TYPE_FP64"}  # fmt: skip
    expected = {}
    for role, values in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for value in values:
            sizes = [side if isinstance(side, int) else -1 for side in value.shape]
            expected[role, value.name] = (kinds[value.type], sizes)
    assert found == expected
    assert all(sizes[0] == -1 for _, sizes in found.values())


def handler(session, name, shift):
    """A request handler that answers /v2/models/NAME/infer by ONNX Runtime, JSON or bytes."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            assert self.path == f"/v2/models/{name}/infer"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            size = int(self.headers.get(EXTENSION, len(body)))
            request, rest = json.loads(body[:size]), body[size:]
            feed, start = {}, 0
            for one in request["inputs"]:
                dtype = np.dtype(TYPES[one["datatype"]])
                if "data" in one:
                    values = np.array(one["data"], dtype)
                else:
                    end = start + one["parameters"]["binary_data_size"]
                    values, start = np.frombuffer(rest[start:end], dtype), end
                feed[one["name"]] = values.reshape(one["shape"])
            outputs = session.run(None, feed)
            binary = request.get("parameters", {}).get("binary_data_output", False)
            self.reply(outputs, binary)

        def reply(self, outputs, binary):
            heads, blobs = [], []
            for value, y in zip(session.get_outputs(), outputs):
                y = y + shift
                head = {"name": value.name, "shape": y.shape, "datatype": NAMES[y.dtype]}
                if binary:
                    blobs.append(y.tobytes())
                    head["parameters"] = {"binary_data_size": len(blobs[-1])}
                else:
                    head["data"] = y.ravel().tolist()
                heads.append(head)
            text = json.dumps({"model_name": name, "outputs": heads}).encode()
            self.send_response(200)
            if binary:
                self.send_header(EXTENSION, str(len(text)))
            content = text + b"".join(blobs)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@pytest.mark.parametrize("shift", [0.0, 0.01])
def test_the_client_accepts_right_answers_and_no_others(repository, shift):
    (model,) = (repository / "models").iterdir()
    session = onnxruntime.InferenceSession(model / "1" / "model.onnx")
    shifted = handler(session, model.name, np.float32(shift))
    with ThreadingHTTPServer(("127.0.0.1", 0), shifted) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            done = subprocess.run(
                [sys.executable, "-I", repository / "client.py", address],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        finally:
            server.shutdown()
            thread.join()
    if shift:
        assert done.returncode == 1
        assert "probabilities differs from étude's by" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
            "infer", "infer_binary",
        ]  # fmt: skip


def test_a_wrong_graph_leaves_nothing(tmp_path, monkeypatch):
    from etude.exporters import triton

    def unequal(*_):
        raise NumericsError("other answers")

    run = etude.train("mlp", "digits", save=False, quiet=True, epochs=1)
    monkeypatch.setattr(triton.onnx_form, "write", unequal)
    with pytest.raises(NumericsError, match="other answers"):
        run.export("triton", tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_generated_files_are_formatted(repository):
    for command in (["format", "--check"], ["check"]):
        words = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache"]
        done = subprocess.run([*words, repository], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
