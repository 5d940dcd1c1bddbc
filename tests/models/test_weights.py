"""Weights of Vision Transformers in the files of other libraries: read, proved, refused, written.

timm, transformers and torchvision write their own files (see `vit_libraries`); the .npz file is
built here from the published names, and timm's own reader of such files agrees with it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

import etude
from etude import pipeline
from etude.errors import Interrupted, RunError, UsageError
from etude.models import create
from etude.models.weights import names
from etude.models.weights.detect import signs
from etude.models.weights.files import stored
from etude.models.weights.fit import grey_kernel, kept_head, resample_positions
from etude.models.weights.foreign import foreign
from etude.models.weights.order import unflattened
from etude.models.weights.parity import prove
from etude.shapes import Spec
from etude.training.step import Step
from tests.models import vit_libraries
from tests.training.test_loop import final_bytes

LIBRARIES = [name for name in ("timm", "transformers", "torchvision") if find_spec(name) is None]
SMALL = Spec("image", (3, 32, 32), vit_libraries.CLASSES)


def run_libraries(*arguments):
    script = [sys.executable, vit_libraries.__file__, *map(str, arguments)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """Weights that the libraries themselves wrote."""
    if LIBRARIES:
        pytest.skip(f"not installed: {LIBRARIES}")
    root = tmp_path_factory.mktemp("weights")
    run_libraries("write", root)
    return root


@pytest.fixture
def own(tmp_path):
    """A network of ours with a random value everywhere, and its file of weights."""
    model = vit_libraries.shake(
        create("vit", SMALL, patch=4, width=64, depth=3, heads=1, mlp_ratio=4.0)
    )
    save_file(model.state_dict(), tmp_path / "own.safetensors")
    return model, tmp_path / "own.safetensors"


def as_npz(weights, heads: int) -> dict[str, np.ndarray]:
    """timm's weights under the published names of the official code, each name typed here."""
    w = {name: x.double().numpy() for name, x in weights.items()}
    width = len(w["norm.bias"])
    arrays = {
        "cls": w["cls_token"],
        "Transformer/posembed_input/pos_embedding": w["pos_embed"],
        "embedding/kernel": w["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
        "embedding/bias": w["patch_embed.proj.bias"],
        "Transformer/encoder_norm/scale": w["norm.weight"],
        "Transformer/encoder_norm/bias": w["norm.bias"],
        "head/kernel": w["head.weight"].T,
        "head/bias": w["head.bias"],
    }
    for i in range(sum(name.endswith("norm1.bias") for name in w)):
        here, there = f"blocks.{i}.", f"Transformer/encoderblock_{i}/"
        for ours, theirs in (("norm1", "LayerNorm_0"), ("norm2", "LayerNorm_2")):
            arrays[f"{there}{theirs}/scale"] = w[f"{here}{ours}.weight"]
            arrays[f"{there}{theirs}/bias"] = w[f"{here}{ours}.bias"]
        at = f"{there}MultiHeadDotProductAttention_1/"
        for j, name in enumerate(("query", "key", "value")):
            rows = slice(j * width, (j + 1) * width)
            kernel = w[f"{here}attn.qkv.weight"][rows].T
            arrays[f"{at}{name}/kernel"] = kernel.reshape(width, heads, -1)
            arrays[f"{at}{name}/bias"] = w[f"{here}attn.qkv.bias"][rows].reshape(heads, -1)
        arrays[f"{at}out/kernel"] = w[f"{here}attn.proj.weight"].T.reshape(heads, -1, width)
        arrays[f"{at}out/bias"] = w[f"{here}attn.proj.bias"]
        for j, name in enumerate(("fc1", "fc2")):
            arrays[f"{there}MlpBlock_3/Dense_{j}/kernel"] = w[f"{here}mlp.{name}.weight"].T
            arrays[f"{there}MlpBlock_3/Dense_{j}/bias"] = w[f"{here}mlp.{name}.bias"]
    return {name: x.astype(np.float32) for name, x in arrays.items()}


def loaded(path, spec=SMALL, **fields):
    return create("vit", spec, weights=str(path), **fields).eval()


def message(path, **fields) -> str:
    with pytest.raises(UsageError) as caught:
        loaded(path, **fields)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value.message("en")


SIZES = {"small": (3, 32, 32), "grey": (1, 28, 28), "tiny": (3, 224, 224)}
SOURCES = [
    ("timm-small", {}), ("timm-tiny", {}), ("timm-grey", {}), ("timm-no-bias", {}),
    ("hf-small", {}), ("hf-grey", {}), ("hf-tanh", {}), ("torchvision-small", {"heads": 4}),
]  # fmt: skip
SLOW = [("hf-tiny", {}), ("torchvision-tiny", {})]


@pytest.mark.parametrize(
    ("source", "fields"),
    [*SOURCES, *(pytest.param(*each, marks=pytest.mark.slow) for each in SLOW)],
)
def test_a_file_of_a_library_gives_the_librarys_logits(files, source, fields):
    spec = Spec("image", SIZES.get(source.split("-")[1], (3, 32, 32)), vit_libraries.CLASSES)
    model = loaded(files / source, spec, head="keep", **fields)
    reference = np.load(files / source / "logits.npz")
    with torch.no_grad():
        ours = model(torch.from_numpy(reference["x"])).numpy()
    assert np.abs(ours - reference["logits"]).max() < 3e-6 * reference["logits"].std() * 2


def test_an_npz_file_equals_timm(files, tmp_path):
    for size in ("small", "grey"):
        weights = load_file(files / f"timm-{size}" / "model.safetensors")
        np.savez(tmp_path / f"{size}.npz", **as_npz(weights, 4))
        spec = Spec("image", SIZES[size], vit_libraries.CLASSES)
        model = loaded(tmp_path / f"{size}.npz", spec, head="keep")
        assert model.blocks[0].attn.n_heads == 4, "from the axes of its kernels"
        assert all(torch.equal(x, weights[name]) for name, x in model.state_dict().items())


def test_the_published_names_of_torchvision_and_names_in_memory(files, tmp_path):
    new = load_file(files / "torchvision-small" / "model.safetensors")
    old = {k.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): x
           for k, x in new.items()}  # fmt: skip
    save_file(old, tmp_path / "old.safetensors")
    first, second, third = (
        loaded(path, head="keep", heads=4).state_dict()
        for path in (
            tmp_path / "old.safetensors",
            files / "torchvision-small",
            files / "torchvision-small.pth",
        )
    )
    assert all(torch.equal(x, first[k]) and torch.equal(x, third[k]) for k, x in second.items())
    memory = loaded(files / "hf-memory.safetensors", head="keep", heads=4).state_dict()
    disk = loaded(files / "hf-small", head="keep").state_dict()
    assert all(torch.equal(x, memory[name]) for name, x in disk.items())


def test_vitmodel_has_no_head_and_its_pooler_is_left_out(files):
    source = foreign(stored(str(files / "hf-model")), 0, None)
    assert source.sizes.outputs == 0 and source.dropped == ("pooler",)
    assert source.eps == 1e-12 and source.sizes.heads == 4
    assert not loaded(files / "hf-model").head.weight.any()
    assert "the file has none" in message(files / "hf-model", head="keep")


def test_a_part_of_another_architecture_is_named(files):
    words = message(files / "timm-scaled")
    assert "init_values=0.1 changes the network" in words
    weights = load_file(files / "timm-scaled" / "model.safetensors")
    save_file(weights, files / "scaled.safetensors")
    words = message(files / "scaled.safetensors")
    assert words.count("layer scale") == 6 and "missing" not in words


def test_positions_are_resampled_as_timm_does(files):
    arrays = np.load(files / "positions.npz")
    for i, (old, new) in enumerate(vit_libraries.GRIDS):
        before, after = (torch.from_numpy(arrays[f"{part}{i}"]) for part in ("old", "new"))
        ours = resample_positions(before, old, new)
        torch.testing.assert_close(ours, after, atol=1e-6, rtol=0)
        if new[0] < old[0]:
            plane = before[:, 1:].reshape(1, *old, -1).permute(0, 3, 1, 2)
            aliased = nn.functional.interpolate(plane, size=new, mode="bicubic")
            assert (aliased.permute(0, 2, 3, 1).flatten(1, 2) - after[:, 1:]).abs().max() > 0.01


def test_another_image_size_and_grid(own):
    model, path = own
    other = loaded(path, Spec("image", (3, 24, 48), 2))
    assert other.pos_embed.shape == (1, 1 + 6 * 12, 64)
    assert torch.equal(other.pos_embed[:, 0], model.pos_embed[:, 0])
    # As many patches in another grid are other places, not the same ones.
    same_count = loaded(path, Spec("image", (3, 16, 64), 2))
    assert same_count.pos_embed.shape == model.pos_embed.shape
    assert not torch.equal(same_count.pos_embed, model.pos_embed)


@pytest.mark.parametrize("scaled", [False, True])
def test_grey_equals_the_picture_in_all_channels(scaled):
    torch.manual_seed(1)
    kernel, bias, grey = torch.randn(8, 3, 4, 4), torch.randn(8), torch.rand(2, 1, 8, 8)
    mean, std = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) if scaled else ((), ())
    one, folded = grey_kernel(kernel, bias, mean, std)
    m, s = torch.tensor(mean or (0.0, 0.0, 0.0)), torch.tensor(std or (1.0, 1.0, 1.0))
    coloured = (grey.expand(2, 3, 8, 8) - m[:, None, None]) / s[:, None, None]
    alone = (grey - m.mean()) / s.mean()
    wanted = nn.functional.conv2d(coloured, kernel, bias, stride=4)
    torch.testing.assert_close(
        nn.functional.conv2d(alone, one, folded, stride=4), wanted, atol=1e-5, rtol=1e-5
    )
    wrong = nn.functional.conv2d(alone, kernel.sum(1, keepdim=True), bias, stride=4)
    assert bool((wrong - wanted).abs().max() > 0.1) == scaled


def test_every_wrong_name_and_shape_stands_in_one_report(own, tmp_path):
    weights = load_file(own[1])
    del weights["blocks.1.norm2.bias"]
    weights["blocks.2.mlp.fc2.weight"] = torch.zeros(64, 5)
    weights["blocks.0.attn.q_norm.weight"] = torch.zeros(64)
    weights["other"] = torch.zeros(2)
    save_file(weights, tmp_path / "odd.safetensors")
    words = message(tmp_path / "odd.safetensors")
    for line in (
        "missing: blocks.1.norm2.bias",
        "wrong shape: blocks.2.mlp.fc2.weight is [64 5], expected [64 256]",
        "unexpected: blocks.0.attn.q_norm.weight (a norm of queries and keys)",
        "unexpected: other\n",
    ):
        assert line in words + "\n"


def swapped(weights, blocks=3):
    for i in range(blocks):
        for leaf in ("weight", "bias"):
            one, two = (f"blocks.{i}.norm{n}.{leaf}" for n in (1, 2))
            weights[one], weights[two] = weights[two], weights[one]


def in_ppc(weights):
    kernel = weights["patch_embed.proj.weight"]
    weights["patch_embed.proj.weight"] = kernel.permute(0, 2, 3, 1).reshape(kernel.shape)


def keys_first(weights):
    for name in [n for n in weights if "qkv" in n]:
        q, k, v = weights[name].chunk(3)
        weights[name] = torch.cat((k, q, v))


TRAPS = {
    "order (p p c)": in_ppc,
    "order k q v": keys_first,
    "norms of each block are swapped": swapped,
}


@pytest.mark.parametrize("named", TRAPS)
def test_stored_outputs_name_the_mistake(files, tmp_path, named):
    shutil.copytree(files / "timm-small", tmp_path / "odd")
    weights = load_file(tmp_path / "odd" / "model.safetensors")
    TRAPS[named](weights)
    save_file(
        {k: v.contiguous() for k, v in weights.items()}, tmp_path / "odd" / "model.safetensors"
    )
    words = message(tmp_path / "odd")
    assert "They agree (to" in words and named in words


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("layer_norm_eps", 1e-5, "model.eps=1e-12"),
        ("hidden_act", "gelu_new", "model.gelu=exact"),
        ("num_attention_heads", 8, "model.heads=4"),
    ],
)
def test_a_wrong_description_is_named_by_stored_outputs(files, tmp_path, key, value, named):
    shutil.copytree(files / "hf-small", tmp_path / "odd")
    config = json.loads((tmp_path / "odd" / "config.json").read_text())
    (tmp_path / "odd" / "config.json").write_text(json.dumps({**config, key: value}))
    assert named in message(tmp_path / "odd")


def test_a_missing_layer_before_the_head_is_named(own, tmp_path):
    model, path = own
    layer, x = nn.Linear(64, 64), torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        tokens = model.patch_embed(x)
        tokens = torch.cat((model.cls_token.expand(2, -1, -1), tokens), 1) + model.pos_embed
        features = model.norm(model.blocks(tokens))[:, 0]
        logits = model.head(torch.tanh(layer(features)))
    outputs = {"x": x.numpy(), "features": features.numpy(), "logits": logits.numpy()}
    np.savez(tmp_path / "logits.npz", **outputs)
    assert "pre_logits, is missing" in message(path)
    np.savez(tmp_path / "logits.npz", **{**outputs, "logits": model.head(features).detach()})
    loaded(path)


def test_signs_of_an_order_in_trained_weights(own):
    _, path = own
    source = foreign(stored(str(path)), 0, None)
    assert list(signs(source)) == [], "random weights show no order"
    waves = torch.linspace(0, 3, 64)[:, None, None, None] + torch.rand(64, 3, 1, 1) * 6
    rows, columns = torch.linspace(0, 2, 4)[:, None], torch.linspace(0, 2, 4)[None]
    smooth = torch.sin(waves + rows + columns)
    right = {**source.tensors, "patch_embed.proj.weight": smooth}
    assert list(signs(replace(source, tensors=right))) == []
    in_ppc(right)
    (found,) = signs(replace(source, tensors=right))
    assert found.key == "weights.sign.patch_order"
    quiet = {
        name: x * torch.cat((torch.full((64,), 1e-4), torch.ones(128))) if "qkv.bias" in name else x
        for name, x in source.tensors.items()
    }
    (found,) = signs(replace(source, tensors=quiet))
    assert found.key == "weights.sign.qkv" and found.values["part"] == "q"
    for kernel, order in ((smooth, "c p p"), (smooth.permute(0, 2, 3, 1), "p p c")):
        again, said = unflattened(kernel.flatten(1), 4)
        assert said == order and torch.equal(again, smooth)
    assert unflattened(torch.randn(64, 48), 4) is None


@pytest.mark.parametrize("fault", ["weight", "eps", "gelu", "heads", "norms"])
def test_a_network_that_computes_something_else_is_refused(own, fault):
    model, path = own
    source = foreign(stored(str(path)), 0, None)
    assert prove(source, model).largest < 1e-12
    block = model.blocks[1]
    with torch.no_grad():
        if fault == "weight":
            block.mlp.fc2.weight[3, 5] += 1e-4
        elif fault == "eps":
            block.norm1.eps = 1e-12
        elif fault == "gelu":
            block.mlp.act = nn.GELU(approximate="tanh")
        elif fault == "heads":
            block.attn.n_heads = 2
        else:
            block.norm1, block.norm2 = block.norm2, block.norm1
    with pytest.raises(UsageError, match="block 1 differs by"):
        prove(source, model)


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("executed"),))


def test_a_pickle_with_code_executes_nothing(own, workdir):
    torch.save({"state_dict": own[0].state_dict(), "more": Bomb()}, "bomb.pth")
    words = message("bomb.pth")
    assert not Path("executed").exists()
    assert "nothing of it was loaded" in words and "save_file" in words
    torch.save(own[0], "module.pth")
    assert "would run code" in message("module.pth")
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": x for k, x in
                own[0].state_dict().items()}}, "plain.pth")  # fmt: skip
    again = loaded("plain.pth", head="keep").state_dict()
    assert all(torch.equal(x, again[name]) for name, x in own[0].state_dict().items())


def test_files_that_are_no_weights_are_refused(own, workdir):
    weights = own[0].state_dict()
    Path("empty.safetensors").write_bytes(b"")
    Path("cut.safetensors").write_bytes(own[1].read_bytes()[:5000])
    Path("huge.safetensors").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    Path("text.npz").write_bytes(b"no archive")
    Path("text.pth").write_bytes(b"no archive")
    Path("words.txt").write_text("words")
    np.savez("objects.npz", cls=np.array([Bomb()], dtype=object))
    Path("nothing").mkdir()
    save_file({"a": torch.zeros(2)}, "other.safetensors")
    save_file({**weights, "norm.bias": torch.full((64,), torch.nan)}, "nan.safetensors")
    for path, words in {
        "empty.safetensors": "damaged", "cut.safetensors": "damaged",
        "huge.safetensors": "damaged", "text.npz": "damaged", "text.pth": "would run code|damaged",
        "words.txt": "end in", "objects.npz": "damaged", "nothing": "no file of weights",
        "other.safetensors": "no Vision Transformer", "nan.safetensors": "norm.bias: 64 values",
        "none.safetensors": "no weights at",
    }.items():  # fmt: skip
        with pytest.raises(UsageError, match=words):
            loaded(path)
    assert not Path("executed").exists()


def test_half_precision_and_pieces(own, workdir):
    weights = own[0].state_dict()
    save_file({k: x.bfloat16() for k, x in weights.items()}, "half.safetensors")
    half = loaded("half.safetensors", head="keep").state_dict()
    assert all(torch.equal(half[k], x.bfloat16().float()) for k, x in weights.items())
    Path("pieces").mkdir()
    split = {k: f"model-{i % 2}.safetensors" for i, k in enumerate(weights)}
    for piece in set(split.values()):
        save_file({k: x for k, x in weights.items() if split[k] == piece}, f"pieces/{piece}")
    index = Path("pieces/model.safetensors.index.json")
    index.write_text(json.dumps({"weight_map": split}))
    whole = loaded("pieces", head="keep").state_dict()
    assert all(torch.equal(x, whole[name]) for name, x in weights.items())
    index.write_text(json.dumps({"weight_map": {"a": "../own.safetensors"}}))
    assert "own.safetensors" in message("pieces")


def test_fields_that_contradict_the_file(own):
    words = message(own[1], patch=8, depth=2)
    assert "patches of 4x4" in words and "is not the same function" in words
    assert "model.depth=2: the file has 3" in words
    with pytest.raises(UsageError, match="freeze=4: the network has 3 blocks"):
        loaded(own[1], freeze=4)
    assert "data.mode=L" in message_for(own, Spec("image", (2, 32, 32), 2))


def message_for(own, spec) -> str:
    with pytest.raises(UsageError) as caught:
        loaded(own[1], spec)
    return str(caught.value)


def test_what_shapes_cannot_say(own, tmp_path):
    weights = load_file(own[1])
    narrow = create("vit", SMALL, patch=4, width=48, depth=1, heads=2)
    save_file(narrow.state_dict(), tmp_path / "narrow.safetensors")
    assert "model.heads=N" in message(tmp_path / "narrow.safetensors")
    assert loaded(tmp_path / "narrow.safetensors", heads=2).blocks[0].attn.n_heads == 2
    weights["pos_embed"] = torch.randn(1, 1 + 32, 64)
    save_file(weights, tmp_path / "wide.safetensors")
    words = message(tmp_path / "wide.safetensors")
    assert "32 patches" in words and "4,8 or 8,4" in words
    wide = loaded(tmp_path / "wide.safetensors", Spec("image", (3, 16, 32), 2), grid=[4, 8])
    assert torch.equal(wide.pos_embed, weights["pos_embed"])


def test_a_kept_head_follows_the_names_of_the_classes(files, tmp_path):
    shutil.copytree(files / "hf-small", tmp_path / "named")
    config = json.loads((tmp_path / "named" / "config.json").read_text())
    labels = {str(i): name for i, name in enumerate("edcba")}
    (tmp_path / "named" / "config.json").write_text(json.dumps({**config, "id2label": labels}))
    source = foreign(stored(str(tmp_path / "named")), 0, None)
    head, _ = kept_head(source, source.ours(), tuple("abcde"), 5)
    assert torch.equal(head["head.bias"], source.tensors["classifier.bias"].flip(0))
    for classes, words in ((tuple("abcdx"), "e, x"), (tuple("abcd"), "5 outputs")):
        with pytest.raises(UsageError, match=words):
            kept_head(source, source.ours(), classes, len(classes))


@pytest.mark.parametrize("form", names.FORMS)
def test_a_round_trip_is_exact(form):
    for here, shape in {
        "cls_token": (1, 1, 12), "pos_embed": (1, 5, 12), "patch_embed.proj.weight": (12, 3, 2, 2),
        "blocks.0.attn.qkv.weight": (36, 12), "blocks.0.attn.qkv.bias": (36,),
        "blocks.0.attn.proj.weight": (12, 12), "blocks.0.mlp.fc1.weight": (24, 12),
        "blocks.0.norm1.weight": (12,), "head.weight": (4, 12),
    }.items():  # fmt: skip
        x = torch.randn(shape)
        assert torch.equal(names.to_ours(form, here, names.from_ours(form, here, x, 3)), x)


def digits_file(folder: Path) -> Path:
    """Weights for images of 8x8 in one channel."""
    torch.manual_seed(5)
    spec = Spec("image", (1, 8, 8), 4)
    model = vit_libraries.shake(create("vit", spec, patch=2, width=64, depth=2, heads=1))
    save_file(model.state_dict(), folder / "small.safetensors")
    return folder / "small.safetensors"


def test_fine_tuning_probes_first_and_keeps_a_complete_recipe(workdir):
    path = digits_file(workdir)
    run = etude.train("vit", "digits", weights=path, epochs=2, name="tuned", quiet=True)
    fields = run.recipe.model.fields
    assert fields["preset"] == "finetune" and len(fields["weights_sha256"]) == 64
    assert fields["probe"] == 0.2 and fields["layer_decay"] == 0.75
    assert run.recipe.train.lr == 1e-4 and run.recipe.train.schedule == "cosine"
    before = run.predict(np.zeros((1, 1, 8, 8), np.uint8))
    path.unlink()
    assert etude.Run(run.path).predict(np.zeros((1, 1, 8, 8), np.uint8)) == before
    assert etude.verbs.evaluate(run.path)["accuracy"] == run.test["accuracy"]
    with pytest.raises(UsageError, match="no weights at"):
        etude.train(str(run.path / "recipe.json"), quiet=True)
    digits_file(workdir)
    again = etude.train(str(run.path / "recipe.json"), name="again", quiet=True)
    assert final_bytes(again.path) == final_bytes(run.path)
    weights = load_file(path)
    save_file({**weights, "norm.bias": weights["norm.bias"] + 1}, path)
    with pytest.raises(UsageError, match="not the file that the recipe was written for"):
        etude.train(str(run.path / "recipe.json"), quiet=True)


@pytest.mark.parametrize("step", [3, 20])
def test_a_fine_tuning_that_was_stopped_resumes_to_the_same_bytes(workdir, monkeypatch, step):
    path = digits_file(workdir)
    fields = {"weights": str(path), "epochs": 2, "quiet": True, "model.freeze": 1}
    whole = etude.train("vit", "digits", name="whole", **fields)
    real = Step.__call__

    def stop(self, batch, number, *rest, **more):
        if number == step:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, batch, number, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Step, "__call__", stop)
        with pytest.raises(Interrupted):
            etude.train("vit", "digits", name="broken", **fields)
    path.unlink()  # the checkpoint has the weights
    resumed = etude.resume("runs/broken", quiet=True)
    assert final_bytes(whole.path) == final_bytes(resumed.path)


def test_a_run_without_any_checkpoint_needs_its_file_again(workdir, monkeypatch):
    path = digits_file(workdir)

    def die(*anything):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "_train", die)
        with pytest.raises(KeyboardInterrupt):
            etude.train("vit", "digits", name="died", weights=path, epochs=1, quiet=True)
    path.unlink()
    with pytest.raises((UsageError, RunError), match="no weights at"):
        etude.resume("runs/died", quiet=True)


def test_a_preparation_becomes_that_of_the_data(workdir):
    folder = workdir / "w"
    folder.mkdir()
    torch.manual_seed(5)
    model = vit_libraries.shake(create("vit", SMALL, patch=4, width=64, depth=1, heads=4))
    save_file(model.state_dict(), folder / "model.safetensors")
    config = {
        "architecture": "vit_tiny_patch16_224",
        "model_args": {"num_heads": 4, "img_size": 32},
        "pretrained_cfg": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]},
    }
    (folder / "config.json").write_text(json.dumps(config))
    rng = np.random.default_rng(0)
    for kind in ("one", "two"):
        (workdir / "photos" / kind).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 255, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(workdir / "photos" / kind / f"{i}.png")
    run = etude.train("vit", "photos", weights=folder, epochs=1, quiet=True)
    assert run.card.shape == (3, 32, 32), "the size of the weights' own images"
    np.testing.assert_allclose(run.card.mean, np.array([0.4, 0.5, 0.6]) * 255)
    np.testing.assert_allclose(run.card.std, np.array([0.2, 0.25, 0.3]) * 255)
    assert run.recipe.model.fields["probe"] == 1.0, "fewer than 10 training images of a class"
    assert run.recipe.model.fields["heads"] == 4
    kept = run.model.state_dict()
    assert all(
        torch.equal(x, kept[name])
        for name, x in model.state_dict().items()
        if not name.startswith("head.")
    ), "a linear probe changes the head alone"
    grey = etude.train("vit", "photos", weights=folder, epochs=1, quiet=True, **{"data.mode": "L"})
    np.testing.assert_allclose(grey.card.mean, [0.5 * 255])


def test_other_models_and_a_preset_without_weights_are_refused(workdir):
    with pytest.raises(UsageError, match=r"cnn cannot start from.*vit"):
        etude.train("cnn", "digits", weights="x.safetensors", quiet=True)
    with pytest.raises(UsageError, match="no file is named"):
        etude.train("vit", "digits", quiet=True, **{"model.preset": "finetune"})
