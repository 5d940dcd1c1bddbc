"""A trained Vision Transformer in the forms of other libraries, which read it themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import etude
from etude.errors import UsageError
from etude.models import create
from etude.shapes import Spec
from tests.models.test_weights import LIBRARIES, run_libraries

FORMS = {"timm": "timm", "hf": "hf", "torchvision": "torchvision.safetensors", "npz": "weights.npz"}
SIZES = {"patch": 2, "width": 16, "depth": 2, "heads": 2, "mlp_ratio": 3.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    fields = {f"model.{name}": value for name, value in SIZES.items()}
    return etude.train("vit", "digits", epochs=1, quiet=True, save=False, **fields)


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """The run in every form."""
    root = tmp_path_factory.mktemp("out")
    for form, name in FORMS.items():
        exported = run.export(form, root / name)
        assert exported.path == root / name and exported.size > 20_000
        assert exported.sentences()[0].key == "weights.parity"
        with pytest.raises(UsageError):
            run.export(form, root / name)  # nothing is overwritten
    assert {one.name for one in root.iterdir()} == set(FORMS.values())
    return root


def test_our_own_reader_gets_the_same_bytes_back(run, folder):
    spec = Spec("image", (1, 8, 8), 10)
    for name in FORMS.values():
        heads = {"heads": 2} if name.endswith(".npz") else {}
        again = create("vit", spec, weights=str(folder / name), head="keep", **heads)
        for key, x in run.model.state_dict().items():
            assert torch.equal(again.state_dict()[key], x), (name, key)


@pytest.mark.skipif(bool(LIBRARIES), reason=f"not installed: {LIBRARIES}")
def test_the_libraries_read_them_and_answer_alike(run, folder):
    x = torch.randn(3, 1, 8, 8)
    np.save(folder / "x.npy", x.numpy())
    (folder / "sizes.json").write_text(json.dumps(SIZES))
    run_libraries("read", folder)
    report = json.loads((folder / "report.json").read_text())
    assert report == {"missing_keys": [], "unexpected_keys": []}
    with torch.no_grad():
        wanted = run.model(x).numpy()
    answers = np.load(folder / "answers.npz")
    assert set(answers.files) == set(FORMS)
    for name in answers.files:
        np.testing.assert_allclose(answers[name], wanted, atol=2e-6, err_msg=name)


def test_the_preparation_is_written_in_pixels_from_0_to_1(run, folder):
    given = json.loads((folder / "hf" / "preprocessor_config.json").read_text())
    x = np.arange(17.0)
    # digits have the values 0..16, which are black and white
    theirs = (x / 16 - given["image_mean"][0]) / given["image_std"][0]
    np.testing.assert_allclose(theirs, (x - run.card.mean[0]) / run.card.std[0], atol=1e-9)


def test_what_a_form_cannot_state_is_refused(tmp_path):
    fields = {"model.eps": 1e-12, "model.gelu": "tanh", "model.width": 8, "model.depth": 1}
    run = etude.train("vit", "digits", epochs=1, quiet=True, save=False, **fields)
    for form, count in (("timm", 1), ("torchvision", 2), ("npz", 2)):
        with pytest.raises(UsageError) as caught:
            run.export(form, tmp_path / form)
        assert len(caught.value.items) == count
    run.export("hf", tmp_path / "hf")
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert (config["layer_norm_eps"], config["hidden_act"]) == (1e-12, "gelu_pytorch_tanh")
    assert set(load_file(tmp_path / "hf" / "model.safetensors")) >= {"classifier.bias"}
    assert [p.name for p in tmp_path.iterdir()] == ["hf"]


def test_another_model_is_refused(tmp_path: Path):
    run = etude.train("mlp", "digits", epochs=1, quiet=True, save=False, **{"model.hidden": [4]})
    with pytest.raises(UsageError, match="Vision Transformers only, and the run trained MLP"):
        run.export("timm", tmp_path / "timm")
    assert not list(tmp_path.iterdir())
