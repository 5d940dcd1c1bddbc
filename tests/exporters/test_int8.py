"""8-bit graphs are kept only if they are faster and answer alike; a decoder has its own file."""

import numpy as np
import pytest
import torch

from etude.errors import UsageError
from etude.exporters import int8
from etude.exporters.onnx_file import PRECISION, OnnxFile
from etude.locale.texts import LANGS, render

onnx = pytest.importorskip("onnx")


def numbers_in(path):
    """Bytes of the weights in an ONNX file."""
    graph = onnx.load(path).graph
    return sum(onnx.numpy_helper.to_array(each).nbytes for each in graph.initializer)


@pytest.fixture
def faster(monkeypatch):
    """Clocks decide in use, and a test must not depend on them."""
    monkeypatch.setattr(int8, "_microseconds", lambda plain, small, split: (2.0, 1.0))
    monkeypatch.setattr(int8, "KEPT", 0.8)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("mlp", "weights"), pytest.param("cnn", "activations", marks=pytest.mark.slow)],
)
def test_a_gain_is_written_with_what_it_costs(trained, place, faster, name, kind):
    run = trained(name)
    plain = run.export("onnx", place / f"{name}-fp32.onnx")
    small = run.export("onnx", place / f"{name}-int8.onnx", int8=True)
    # Of the file, the description of the graph does not shrink: in so small a network a third.
    assert numbers_in(small.path) < 0.4 * numbers_in(plain.path)
    assert small.size < plain.size
    assert {render("en", note).count(kind) for note in small.notes} == {1}
    file = OnnxFile.open(small.path)
    assert file.metadata[PRECISION] == "int8"
    assert file.card == run.card
    split = run.trained.samples()
    found = file.answers(split)["probabilities"]
    same = found.argmax(1) == run.outputs(split).argmax(1)
    assert small.parity.same == same.sum()
    assert small.parity.samples == len(split)
    assert not np.array_equal(found, OnnxFile.open(plain.path).answers(split)["probabilities"])
    accuracy = f"{np.mean(found.argmax(1) == split.y):.1%}"
    assert all(f"{accuracy}" in render(lang, small.notes[-1]) for lang in LANGS)


@pytest.mark.parametrize(
    ("times", "kept"), [((1.0, 2.0), 0.0), ((2.0, 1.0), 1.01)], ids=["slower", "other answers"]
)
def test_no_gain_is_refused_with_the_numbers_and_leaves_nothing(
    trained, place, monkeypatch, times, kept
):
    monkeypatch.setattr(int8, "_microseconds", lambda plain, small, split: times)
    monkeypatch.setattr(int8, "KEPT", kept)
    out = place / "none.onnx"
    with pytest.raises(UsageError, match=rf"{times[1]:.0f} us .* {times[0]:.0f} us"):
        trained("mlp").export("onnx", out, int8=True)
    assert not out.exists()


def test_answers_that_cannot_be_counted_are_not_quantized(trained, place):
    with pytest.raises(UsageError, match="for classifiers"):
        trained("forecast").export("onnx", place / "f.onnx", int8=True)


def test_a_decoder_is_a_file_of_its_own(trained, place):
    run = trained("aae")
    result = run.export("onnx", place / "decode.onnx", decode=True)
    assert result.parity.same == result.parity.samples
    file = OnnxFile.open(result.path)
    assert [name for name, _ in file.inputs] == ["code"]
    codes = np.random.default_rng(0).normal(size=(5, run.recipe.model.fields["latent_dim"]))
    images = file.play((codes.astype(np.float32),))["image"]
    with torch.no_grad():
        decoded = run.model.decode(torch.from_numpy(codes.astype(np.float32))).numpy()
    # Raw values of the built-in digits are 0 to 16; decoded ones -1 to 1.
    np.testing.assert_allclose(images, (decoded + 1) * 8, atol=1e-4)
    with pytest.raises(UsageError, match="cannot be combined"):
        run.export("onnx", place / "d.onnx", decode=True, attention=True)
    with pytest.raises(UsageError, match="needs an autoencoder"):
        trained("mlp").export("onnx", place / "d.onnx", decode=True)
