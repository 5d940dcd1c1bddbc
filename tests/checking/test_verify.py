"""`etude verify`: ours hold; what is wrong does not."""

import json
from dataclasses import replace

import pytest
import torch

from etude.checking import references, verify
from etude.checking.case import DTYPES, Case
from etude.cli import main
from etude.locale.texts import render

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def cases():
    return {f"{case.name} {case.against}": case for case in references.cases()}


def test_all_of_ours_hold(capsys):
    with pytest.raises(SystemExit) as left:
        main(["verify", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and found["wrong"] == 0
    names = {proof["name"] for proof in found["proofs"]}
    assert {"MultiHeadAttention", "EncoderBlock", "LSTM", "ViT", "PatchEmbedding"} <= names
    assert {proof["dtype"] for proof in found["proofs"]} == {
        "float64", "float32", "bfloat16", "float16",
    }  # fmt: skip
    for proof in found["proofs"]:
        assert len(proof["errors"]) == 2, "the output and a gradient"


def test_every_layer_of_ours_is_among_them(cases):
    from etude import layers

    apart = {"init_param", "Dropout2d"}  # draws alone
    names = " ".join(cases)
    assert [n for n in layers.__all__ if n not in names and n not in apart] == ["lstm_cell"]
    # which LSTM.steps is made of


WRONG = {
    "value": lambda y, x: y * 1.001,
    "shape": lambda y, x: y[:1],
    "type": lambda y, x: y.double() if y.dtype != torch.float64 else y.float(),
    "gradient": lambda y, x: y + (x.sum() - x.sum().detach()),
    "no gradient": lambda y, x: y.detach() + 0 * x.sum(),
    "not finite": lambda y, x: y * float("nan"),
    "raises": lambda y, x: y @ torch.zeros(1, 1, 1, 1, 1),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_layer_fails(cases, fault, dtype):
    case = cases["MultiHeadAttention nn.MultiheadAttention"]
    if fault == "value" and dtype in (torch.bfloat16, torch.float16):
        pytest.skip("a thousandth is no fault in 16 bits")

    def ours(P, *x):
        return WRONG[fault](case.ours(P, *x), x[0])

    assert verify.proof(case, CPU, dtype).holds
    assert not verify.proof(replace(case, ours=ours), CPU, dtype).holds


def swapped(P, a, b):
    return {**P, a: P[b], b: P[a]}


SLIPS = {
    "EncoderBlock nn.TransformerEncoderLayer": ("norm1.weight", "norm2.weight"),
    "ViT torch.nn": ("blocks.0.norm1.bias", "blocks.1.norm1.bias"),
    "LSTM nn.LSTMCell": ("weight_hh_l0", "weight_hh_l1"),
    "Transformer torch.nn": ("blocks.0.attn.qkv.weight", "blocks.1.attn.qkv.weight"),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SLIPS)
def test_weights_in_each_others_places_fail(cases, name, dtype):
    case = cases[name]

    def ours(P, *x):
        return case.ours(swapped(P, *SLIPS[name]), *x)

    assert not verify.proof(replace(case, ours=ours), CPU, dtype).holds


def test_the_rule_is_that_of_flash_attention():
    """Twice the reference's own error, and no more than a few units in the last place."""
    x = [torch.randn(64, 64, dtype=torch.float64)]
    rough = lambda P, x: (x.bfloat16() if x.dtype == torch.float32 else x).to(x.dtype)  # noqa: E731
    exact = lambda P, x: x * 1.0  # noqa: E731
    assert verify.proof(Case("a", "b", rough, rough, {}, x), CPU, torch.float32).holds
    assert not verify.proof(Case("a", "b", rough, exact, {}, x), CPU, torch.float32).holds


def test_a_library_that_is_broken_is_named_and_left_out(monkeypatch):
    def broken(name):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(references.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(references.importlib, "import_module", broken)
    references.timm_networks.cache_clear()
    try:
        assert "timm" not in {case.against for case in references.networks()}
        (note,) = verify.notes()
        assert "torchvision::nms" in render("en", note)
    finally:
        references.timm_networks.cache_clear()
