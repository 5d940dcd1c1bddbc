"""`etude.check` in Python: what it takes, what it gives back, what it leaves alone."""

import importlib.util

import numpy as np
import pytest
import torch

import etude
from etude.errors import UsageError
from tests.checking.submissions import ALWAYS_DROPS, ATTENTION, HEAD, MULTI_HEAD


def loaded(folder, text, name="theirs"):
    path = folder / f"{name}.py"
    path.write_text(HEAD + text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_verb_is_the_verb_whatever_was_imported():
    import etude.checking.judge

    assert callable(etude.check) and callable(etude.verify)


def test_a_class_a_function_a_module_and_a_file(tmp_path):
    theirs = loaded(tmp_path, ATTENTION + MULTI_HEAD)
    assert etude.check(theirs.attention).role == "attention"
    assert etude.check(theirs.MultiHeadAttention).status == "right"
    both = etude.check(theirs)
    assert [(each.name, each.status) for each in both] == [
        ("attention", "right"), ("MultiHeadAttention", "right"),
    ]  # fmt: skip
    path = tmp_path / "theirs.py"
    assert etude.check(path)[0].name == "attention"
    assert etude.check(f"{path}:attention", arguments={}).status == "right"


def test_a_made_module_is_judged_by_its_own_sizes_and_stays_as_it_is(tmp_path):
    made = loaded(tmp_path, MULTI_HEAD).MultiHeadAttention(24, 4).train()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    assert etude.check(made).status == "right"
    assert made.training and made.q.weight.dtype == torch.float32
    for name, value in made.state_dict().items():
        assert torch.equal(value, before[name])
    assert torch.get_default_dtype() == torch.float32


def test_a_verdict_shows_itself_and_escapes_what_is_not_ours(tmp_path):
    text = ALWAYS_DROPS.replace("a = nn.functional", "evil = '<script>'; a = nn.functional")
    verdict = etude.check(loaded(tmp_path, text).MultiHeadAttention, lang="ko")
    assert verdict.status == "wrong" and verdict.exit_code == 1
    assert "eval 모드에서도" in repr(verdict) and ">" in repr(verdict)
    shown = verdict._repr_html_()
    assert "<script" not in shown and "&lt;script&gt;" in shown and "<mark>" in shown
    assert verdict.sentence("en").startswith("theirs.py:")


def test_code_of_a_notebook_has_its_lines(tmp_path):
    """A cell's code is not in a file; its lines are where IPython puts them."""
    import linecache

    source = HEAD + ALWAYS_DROPS
    name = "<ipython-input-1-abc>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), space)
    verdict = etude.check(space["MultiHeadAttention"])
    assert verdict.finding.code == "dropout_in_eval"
    assert "nn.functional.dropout" in dict(verdict.excerpt)[verdict.marked]


def test_an_adapter_makes_and_calls(tmp_path):
    odd = "\nclass Odd(nn.Module):\n    def __init__(self, *, spam):\n        super().__init__()\n"
    odd += "    def forward(self, things):\n        return attention(*things)\n"
    path = tmp_path / "odd.py"
    path.write_text(HEAD + ATTENTION + odd)
    adapter = tmp_path / "adapter.py"
    adapter.write_text(
        "from odd import Odd\n\ndef build():\n    return Odd(spam=1)\n\n"
        "def call(it, *inputs):\n    return it(inputs)\n"
    )
    verdict = etude.check(f"{path}:Odd", role="attention", adapter=adapter)
    assert verdict.status == "right", verdict
    with pytest.raises(UsageError, match="must be a file too"):
        etude.check(path, adapter=torch)


def test_an_adapter_that_fails_is_told_with_its_line(tmp_path):
    adapter = tmp_path / "adapter.py"
    adapter.write_text("def build():\n    raise ValueError('no such size')\n")
    verdict = etude.check(ThroughNumPy, role="multi_head_attention", adapter=adapter)
    assert verdict.status == "unknown"
    assert "build()" in verdict.sentence() and "no such size" in verdict.sentence()
    assert "line 2 of the adapter" in verdict.sentence()
    assert verdict.marked == verdict.line  # no line of the examined file is to blame


def test_settings_beside_a_layer_are_not_taken_for_it(tmp_path):
    settings = "\n\nclass Attention:\n    width: int = 12\n    heads: int = 3\n"
    path = tmp_path / "layer.py"
    path.write_text(HEAD + MULTI_HEAD.replace("MultiHeadAttention", "Mine") + settings)
    verdict = etude.check(path, "multi_head_attention")
    assert (verdict.name, verdict.status) == ("Mine", "right"), verdict


@pytest.mark.parametrize("name", [
    "LSTM", "EncoderBlock", "MultiHeadAttention", "PatchEmbedding", "reparameterize",
    "scaled_dot_product_attention",
])  # fmt: skip
def test_our_own_layers_are_right(name):
    verdict = etude.check(getattr(etude.layers, name))
    assert verdict.status == "right", (verdict.finding, verdict.why)


class ThroughNumPy(torch.nn.Module):
    """Right, and not to be had in bfloat16, which NumPy does not know."""

    def __init__(self, embed_dim: int = 12, num_heads: int = 3) -> None:
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)

    def forward(self, x):
        assert np.isfinite(x.detach().numpy()).all()
        return self.attention(x, x, x)[0]


def test_what_does_not_run_in_a_coarse_type_is_said_and_no_fault():
    verdict = etude.check(ThroughNumPy, role="multi_head_attention")
    assert verdict.status == "right", (verdict.finding, verdict.why)
    assert ("not_in", "bfloat16") in verdict.checked
    assert any(name == "in_float32" for name, _ in verdict.checked)
