"""Exported code answers like étude, needs torch alone, is formatted, and reads files alike."""

import ast
import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file

import etude
from etude import registry
from etude.data import inputs
from etude.errors import NumericsError, UsageError
from etude.exporters import code, fresh
from etude.exporters.page import literal
from etude.shapes import Spec
from etude.tasks.protocol import as_bytes

SIMPLE = {"csv", "datetime", "json", "math", "pathlib", "re", "sys", "torch", "model", "PIL"}


def sequences(lengths=True):
    """90 sequences of 3 features in 2 classes, of 4 to 11 steps."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 11, 3))
    y = (x[:, :4, 0].mean(1) > 0).astype(int)
    steps = rng.integers(4, 12, 90)
    return {"x": x, "y": y, "lengths": steps} if lengths else {"x": x, "y": y}


def colours():
    """60 photos of 3 channels with one value to predict."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (60, 3, 12, 16)).astype(np.uint8)
    return x, x[:, 0].mean((1, 2)).astype(np.float64)


def offsets():
    """Vectors with a time stamp, whose origin is subtracted, and two values to predict."""
    rng = np.random.default_rng(2)
    x = rng.integers(0, 1000, (80, 5)) + 1_700_000_000_000
    return x, np.stack([x[:, 0] % 97, x[:, 1] % 89], 1).astype(float)


def table(path):
    """A CSV file with numbers, categories, dates and missing cells."""
    rng = np.random.default_rng(3)
    rows = ['size,colour,day,smokes,odd "name",price']
    for i in range(120):
        size = "" if i % 9 == 0 else f"{rng.normal(50, 9):.2f}"
        colour = ["red", "dark, blue", "", "green"][i % 4]
        day = f"20{20 + i % 3}-{1 + i % 12:02}-{1 + i % 28:02}"
        cell = f'"{colour}"'
        price = 3 * float(size or 50) + 10 * (i % 4)
        rows.append(
            f"{size},{cell},{day},{'yes' if i % 3 else 'no'},{rng.normal():.3f},{price:.1f}"
        )
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def series(path, several):
    """A CSV file with one or two daily series."""
    rng = np.random.default_rng(4)
    names = ("a", "b") if several else ("a",)
    rows = ["time,name,value" if several else "time,value"]
    for name in names:
        walk = 50 + np.cumsum(rng.normal(size=150))
        for day, value in enumerate(walk):
            date = np.datetime64("2024-01-01") + day
            rows.append(f"{date},{name},{value:.3f}" if several else f"{date},{value:.3f}")
    path.write_text("\n".join(rows) + "\n")
    return str(path)


FILES = {
    "table.csv": table,
    "one.csv": lambda path: series(path, False),
    "two.csv": lambda path: series(path, True),
}
DAYS = {"data.target": ["value"], "data.time": "time", "data.horizon": 3, "data.length": 14}
CASES = {
    "mlp": ("mlp", "digits", {}),
    "mlp-norm": ("mlp", "digits", {"model.batch_norm": True, "model.dropout": 0.0}),
    "mlp-curve": ("mlp", "curve", {}),
    "mlp-series": ("mlp", "series", {}),
    "mlp-lengths": ("mlp", sequences, {}),
    "mlp-offsets": ("mlp", offsets, {}),
    "mlp-table": ("mlp", "table.csv", {"data.target": "price"}),
    "mlp-table-class": ("mlp", "table.csv", {"data.target": "smokes", "model.embed": 0}),
    "mlp-one": ("mlp", "one.csv", DAYS),
    "lstm-one": ("lstm", "one.csv", {**DAYS, "data.log": "yes", "data.calendar": "none"}),
    "mlp-two": ("mlp", "two.csv", {**DAYS, "data.series": ["name"], "task.name": "quantiles"}),
    "cnn": ("cnn", "digits", {}),
    "cnn-notes": ("cnn", "digits", {"model.preset": "notes"}),
    "cnn-none": ("cnn", "digits", {"model.channels": []}),
    "cnn-colours": ("cnn", colours, {}),
    "cnn-lengths": ("cnn", sequences, {"model.convs": 2}),
    "cnn-series": ("cnn", "series", {}),
    "resnet": ("resnet", "digits", {}),
    "resnet-mirrored": ("resnet", "digits", {"model.mirrored": True, "model.dropout": 0.1}),
    "lstm": ("lstm", "digits", {}),
    "lstm-both": ("lstm", sequences, {"model.bidirectional": True, "model.hidden": 16}),
    "lstm-quantiles": ("lstm", "series", {"task.name": "quantiles"}),
    "transformer": ("transformer", "digits", {"model.width": 33, "model.heads": 3}),
    "transformer-lengths": ("transformer", sequences, {"model.patch": 3}),
    "vit": ("vit", "digits", {}),
    "vit-notes": ("vit", "digits", {"model.preset": "notes"}),
    "vit-tanh": ("vit", "digits", {"model.gelu": "tanh", "model.eps": 1e-3}),
    "aae": ("aae", "digits", {}),
    "aae-notes": ("aae", "digits", {"model.preset": "notes"}),
    "aae-paper": ("aae", "digits", {"model.preset": "paper", "model.hidden": [64, 48]}),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of all exports of this file."""
    return tmp_path_factory.mktemp("code")


@pytest.fixture(scope="module")
def trained(place):
    """Returns the run of a case, trained once."""

    @cache
    def run(name):
        model, data, fields = CASES[name]
        if callable(data):
            data = data()
        elif data in FILES:
            kind = "forecast" if "data.time" in fields else "table"
            fields = {**fields, "data.path": FILES[data](place / f"{name}-{data}")}
            data = kind
        return etude.train(model, data, save=False, quiet=True, epochs=1, **fields)

    return run


def imported(path):
    """A file of code as a module. Modules that it imports from its folder are found there."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def here(page, names, pieces):
    """As `fresh.answers`, but in this process, which is faster."""
    module = imported(page)
    module.check()
    model, found = module.load(), []
    for piece in pieces:
        found.append(module.answers(model, **dict(zip(names, piece))))
    return {name: torch.cat([one[name] for one in found]).numpy() for name in found[0]}


@pytest.fixture
def quick(monkeypatch):
    """The comparison runs in this process."""
    monkeypatch.setattr(code.fresh, "answers", here)


def imports_of(path):
    """The first parts of all modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("name", CASES)
def test_every_family_and_task_answers_alike(name, trained, place, quick, capsys):
    run = trained(name)
    done = run.export("code", place / name)
    assert done.parity.same == done.parity.samples == run.result.sizes.test
    assert done.parity.holds
    assert "equal within" in capsys.readouterr().out
    for file in (place / name).glob("*.py"):
        assert imports_of(file) <= SIMPLE
    source = (place / name / "model.py").read_text()
    assert f"{run.result.parameters:,} parameters" in source
    assert len(source.splitlines()) <= 165
    assert done.size == sum(file.stat().st_size for file in (place / name).iterdir())


def exported(place, trained, name):
    """The folder of an exported case."""
    if not (place / name).exists():
        trained(name).export("code", place / name)
    return place / name


def test_everything_is_formatted(place, trained, quick):
    exported(place, trained, "mlp-table")
    exported(place, trained, "vit")
    for command in (["format", "--check"], ["check"]):
        words = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(place)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_comparison_runs_without_etude(trained, tmp_path):
    run = trained("mlp")
    done = run.export("code", tmp_path / "mine")
    assert done.parity.same == done.parity.samples
    assert sorted(file.name for file in (tmp_path / "mine").iterdir()) == [
        "README.md", "example.safetensors", "model.py", "model.safetensors", "predict.py",
    ]  # fmt: skip
    page = tmp_path / "mine" / "model.py"
    checked = subprocess.run([sys.executable, page], capture_output=True, text=True, check=True)
    assert checked.stdout.startswith("probabilities of 8 test samples: equal within ")
    page.write_text(page.read_text().replace("import json\n", "import json\nimport etude\n"))
    with pytest.raises(NumericsError, match="No module named etude"):
        fresh.answers(page, ("x",), [])


def test_one_changed_weight_is_refused_and_nothing_left(trained, tmp_path, monkeypatch):
    run, weights = trained("mlp"), code.PlainNetwork.weights

    def spoiled(network, model):
        found = weights(network, model)
        name = next(name for name in found if name.endswith("weight"))
        changed = found[name].clone()
        changed[0, 20] += 0.5
        return {**found, name: changed}

    monkeypatch.setattr(code.PlainNetwork, "weights", spoiled)
    with pytest.raises(NumericsError, match="probabilities differs"):
        run.export("code", tmp_path / "spoiled")
    # Also if only the examples of the folder are right.
    monkeypatch.setattr(code.fresh, "answers", lambda *_: {"probabilities": np.ones((359, 10))})
    with pytest.raises(NumericsError, match="does not answer like"):
        run.export("code", tmp_path / "spoiled")
    assert not list(tmp_path.iterdir())


def test_an_interrupt_leaves_nothing(trained, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(code.fresh, "answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained("mlp").export("code", tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_an_architecture_without_code_is_refused(trained, tmp_path, monkeypatch):
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    run = etude.train(own, "digits", save=False, quiet=True, epochs=1)
    with pytest.raises(UsageError, match="model own cannot be exported as code"):
        run.export("code", tmp_path / "own")


@pytest.fixture
def predict(place, trained, quick, monkeypatch):
    """Returns predict.py of a case as a module."""

    def program(name):
        folder = exported(place, trained, name)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "model", raising=False)
        module = imported(folder / "predict.py")
        monkeypatch.delitem(sys.modules, "model")
        return module

    return program


def pictures(folder):
    """Pictures of several modes and sizes, none of them of the data's size."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (31, 23, 4)).astype(np.uint8)
    whole = Image.fromarray(noise)
    faded = Image.fromarray(noise[..., 0]).convert("P")
    faded.info["transparency"] = 3
    for name, picture in {
        "grey": Image.fromarray(noise[..., 0]),
        "colours": Image.fromarray(noise[..., :3]),
        "clear": whole,
        "palette": faded,
        "ink": Image.fromarray(noise[..., :3]).convert("1"),
    }.items():
        picture.save(folder / f"{name}.png")
    turned = Image.fromarray(noise[..., :3])
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(folder / "turned.jpg", exif=exif)
    Image.fromarray(noise[..., :3]).convert("CMYK").save(folder / "print.jpg")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("name", ["cnn", "cnn-colours"])
def test_pictures_are_read_alike(name, predict, trained, tmp_path, capsys):
    program, run = predict(name), trained(name)
    for path in pictures(tmp_path):
        ours = inputs.read([str(path)], run.card).x
        np.testing.assert_array_equal(program.read(path).numpy(), ours, err_msg=path.name)
    program.main([str(path)])
    (answer,) = run.predict(str(path))
    said = capsys.readouterr().out.splitlines()[-1]
    expected = answer["label"] if "label" in answer else f"{answer['value']:.5g}"
    assert said.startswith(f"{path}: {expected}")


@pytest.mark.parametrize("name", ["mlp-table", "mlp-table-class"])
def test_tables_are_read_alike(name, predict, trained, place, tmp_path, capsys):
    program, run = predict(name), trained(name)
    path = place / f"{name}-table.csv"
    ours = inputs.read([str(path)], run.card).x
    np.testing.assert_array_equal(program.read(path).numpy(), ours)
    assert np.isnan(ours).any()
    program.main([str(path)])
    answers = run.predict(str(path))
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(str(path))]
    for line, answer in zip(said, answers, strict=True):
        expected = answer["label"] if "label" in answer else f"{answer['value']:.5g}"
        assert line.removeprefix(f"{path}: ").startswith(expected)


def test_the_values_of_a_series_are_read_alike(predict, trained, tmp_path, capsys):
    program, run = predict("lstm-one"), trained("lstm-one")
    values = 60 + np.arange(20.0)
    rows = [f"{np.datetime64('2024-08-01') + day},{v}" for day, v in enumerate(values)]
    (tmp_path / "new.csv").write_text("\n".join(["time,value", *rows]) + "\n")
    (tmp_path / "new.txt").write_text("\n".join(map(str, values)) + "\n")
    (answer,) = run.predict(str(tmp_path / "new.csv"))
    found = program.answers(program.load(), program.read(tmp_path / "new.txt"))
    np.testing.assert_allclose(found["forecast"].numpy()[0], answer["value"], rtol=1e-5)
    program.main([str(tmp_path / "new.txt")])
    assert f"{answer['value'][0]:.4g}"[:4] in capsys.readouterr().out


def test_a_sequence_is_answered_like_one_of_the_data(predict, trained, tmp_path, capsys):
    program, run = predict("lstm-both"), trained("lstm-both")
    x = np.random.default_rng(6).normal(size=(7, 3))
    lines = [",".join(map(repr, map(float, step))) for step in x]
    (tmp_path / "steps.txt").write_text("\n".join(lines))
    (answer,) = run.predict(x[None])
    program.main([str(tmp_path / "steps.txt")])
    said = f"{answer['label']} ({answer['probability']:.1%})"
    assert capsys.readouterr().out.splitlines()[-1].endswith(said)


def test_the_same_images_are_generated(place, trained, quick):
    for name in ("aae", "aae-paper"):
        page = imported(exported(place, trained, name) / "model.py")
        with torch.inference_mode():
            images = page.load().generate(5, seed=3)
        np.testing.assert_array_equal(as_bytes(images), trained(name).generate(5, seed=3))


def test_examples_are_of_the_test_split(place, trained, quick):
    example = load_file(exported(place, trained, "mlp") / "example.safetensors")
    run = trained("mlp")
    for x, p in zip(example["x"], example["probabilities"], strict=True):
        (answer,) = run.predict(x)
        assert list(answer["probabilities"].values()) == pytest.approx(p.tolist(), abs=1e-6)


def test_the_reader_of_tensors_reads_what_safetensors_writes(place, trained, quick, tmp_path):
    page = imported(exported(place, trained, "mlp") / "model.py")
    rng = np.random.default_rng(7)
    arrays = {
        "a": rng.normal(size=(3, 5)), "b": rng.normal(size=7).astype(np.float32),
        "c": rng.integers(0, 255, (2, 3, 1)).astype(np.uint8), "d": np.array(2**40),
    }  # fmt: skip
    save_file(arrays, tmp_path / "some.safetensors", metadata={"format": "pt"})
    found = page.tensors(tmp_path / "some.safetensors")
    assert found.keys() == arrays.keys()
    for name, x in arrays.items():
        assert found[name].numpy().dtype == x.dtype
        np.testing.assert_array_equal(found[name].numpy(), x)


@pytest.mark.parametrize(
    "value", ["plain", 'one "quoted"', "it's", "both \"'", "a\\b", "new\nline", "한국", "\ud800"]
)
def test_a_literal_is_the_value(value):
    assert ast.literal_eval(literal(value)) == value
    literal(value).encode()


def test_names_of_the_user_cannot_leave_their_place(quick, tmp_path):
    x = np.random.default_rng(8).normal(size=(60, 2))
    names = ['"""', "back\\slash\\u12", "new\nline"]
    y = np.array(names)[np.arange(60) % 3]
    run = etude.train("mlp", (x, y), save=False, quiet=True, epochs=1)
    run.export("code", tmp_path / "odd")
    assert list(run.card.classes) == imported(tmp_path / "odd" / "model.py").CLASSES


def test_the_documentation_shows_the_page_of_a_vit():
    architecture, spec = registry.load("model", "vit"), Spec("image", (1, 8, 8), 10)
    preset = architecture.presets["default"](spec).model
    network = architecture.code(architecture.config.read(preset, "model"), spec, False)
    page = Path(__file__).parents[2] / "docs" / "verbs" / "export.md"
    assert f"```py\n{network.source}\n```" in page.read_text()
