"""How the check finds out how a thing is made and called, and what it does where it cannot know:
it accuses no one."""

import textwrap

import pytest
import torch

from etude.checking import judge, loading, roles, source
from etude.checking.verdict import Finding, Verdict


def verdicts(folder, text, **asked):
    path = folder / "theirs.py"
    path.write_text("import torch\nfrom torch import nn\n" + textwrap.dedent(text))
    return {each.name: each for each in judge.judge_file(path, **asked)}


ATTENTION = """
    class Attention(nn.Module):
        def __init__(self, {parameters}):
            super().__init__()
            self.h = {heads}
            self.qkv, self.out = nn.Linear({width}, 3 * {width}), nn.Linear({width}, {width})
        def forward(self, x):
            n, l, w = x.shape
            q, k, v = (t.view(n, l, self.h, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
            a = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
            return self.out((a @ v).transpose(1, 2).reshape(n, l, w))
"""


def attention(parameters, width, heads):
    return ATTENTION.format(parameters=parameters, width=width, heads=heads)


# What is not known -------------------------------------------------------------------------------


def test_an_unknown_form_is_no_fault(tmp_path, monkeypatch):
    def judged(subject):
        subject.fault("differs", 3, step="scores")

    role = roles.Role("", roles.role("linear").sizes, judged)
    monkeypatch.setattr(roles, "role", lambda name: role)
    verdict = verdicts(tmp_path, attention("dim, heads", "dim", "heads"), role="linear")[
        "Attention"
    ]
    assert verdict.status == "unknown" and verdict.why[0] == "check_no_match"


def test_a_form_that_the_judge_was_not_made_for_is_told(tmp_path, monkeypatch):
    def judged(subject):
        raise ZeroDivisionError("of ours")

    role = roles.Role("", roles.role("linear").sizes, judged)
    monkeypatch.setattr(roles, "role", lambda name: role)
    verdict = verdicts(tmp_path, attention("dim, heads", "dim", "heads"), role="linear")[
        "Attention"
    ]
    assert verdict.status == "unknown" and "of ours" in verdict.sentence("en")


# Made by trying -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "width", "heads"),
    [
        ("zork, blub", "zork", "blub"), ("blub, zork", "zork", "blub"), ("dim, k=2", "dim", "k"),
        ("wide=32, many=4", "wide", "many"), ("*, width, groups", "width", "groups"),
    ],
)  # fmt: skip
def test_names_prove_nothing(tmp_path, parameters, width, heads):
    found = verdicts(tmp_path, attention(parameters, width, heads), role="multi_head_attention")
    assert found["Attention"].status == "right", found["Attention"]


CONFIGS = {
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass Config:\n"
    "    n_embd: int = 32\n    n_head: int = 4\n    use_bias: bool = False\n",
    "class": "class GPTConfig:\n    n_embd = 32\n    n_head = 4\n    use_bias = False\n",
    "none": "",
}


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("note", ["", "annotated"])
def test_a_configuration_of_the_file_gives_the_values(tmp_path, kind, note):
    if note and kind == "none":
        return
    name = {"dataclass": "Config", "class": "GPTConfig", "none": ""}[kind]
    parameter = f"c: {name}" if note else "config"
    own = parameter[0] if note else "config"
    text = attention(parameter, f"{own}.n_embd", f"{own}.n_head")
    text = text.replace("3 * ", f"bias={own}.use_bias, out_features=3 * ")
    found = verdicts(tmp_path, CONFIGS[kind] + textwrap.dedent(text), role="multi_head_attention")
    assert found["Attention"].status == "right", found["Attention"]


def test_values_of_parameters_stay_what_python_says_they_are(tmp_path):
    text = """
        class PatchEmbedding(nn.Module):
            def __init__(self, chw, p, d):
                super().__init__()
                assert isinstance(chw, tuple)
                self.conv = nn.Conv2d(chw[0], d, p, p)
            def forward(self, x):
                return self.conv(x).flatten(2).mT
    """
    import etude

    path = tmp_path / "theirs.py"
    path.write_text("from torch import nn\n" + textwrap.dedent(text))
    assert etude.check(path, arguments={"chw": (3, 8, 8)}).status == "right"


# Files as people have them ------------------------------------------------------------------------


def test_a_missing_package_loses_only_what_needs_it(tmp_path):
    text = """
        import nowhere_to_be_found as nw
        from nowhere_to_be_found.transforms import Compose, ToTensor
        transform = Compose([ToTensor(), nw.Normalize((0.5,), (0.5,))])
        for batch in nw.Loader(transform):
            raise SystemExit("there is no batch")
        class Lightning(nw.Module):
            def forward(self, x):
                return x
        @nw.decorated
        def helper(x):
            return x
        class Dropout(nn.Module):
            def __init__(self, p=0.5):
                super().__init__()
                self.p = p
            def forward(self, x):
                return nn.functional.dropout(x, self.p, self.training)
    """
    found = verdicts(tmp_path, text)
    assert {name: each.status for name, each in found.items()} == {"Dropout": "right"}
    module = loading.load(tmp_path / "theirs.py")
    assert set(module.lost) == {"Lightning"} and module.lost["Lightning"].code == "check_package"
    assert len(module.skipped) == 2 and module.helper(3) == 3


def test_a_statement_that_fails_takes_nothing_else_with_it(tmp_path):
    text = """
        data = open("/no/such/file").read()
        def attention(Q, K, V):
            return (Q @ K.mT / K.shape[-1] ** 0.5).softmax(-1) @ V
    """
    assert verdicts(tmp_path, text)["attention"].status == "right"
    (lost,) = verdicts(tmp_path, "data = open('/no/such/file').read()").values()
    assert lost.why[0] == "check_import" and "line 3" in lost.sentence("en")


def test_annotations_from_the_future_stay_unread(tmp_path):
    (tmp_path / "theirs.py").write_text(
        "from __future__ import annotations\ndef f(x: Nothing) -> Nowhere:\n    return x\n"
    )
    assert loading.load(tmp_path / "theirs.py").f(1) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("...", "check_hole"), ("pass", "check_hole"), ("return None", "check_hole"),
        ("return", "check_hole"), ("raise NotImplementedError", "check_hole"),
        ("raise NotImplementedError('later')", "check_hole"), ("'''words'''", "check_hole"),
        ("Q = Q", "check_hole"), ("return 'text'", "check_no_tensor"),
        ("return (Q @ K.T).softmax(-1) @ V  # of each batch", "check_transposed"),
    ],
)  # fmt: skip
def test_what_beginners_write_first_has_a_sentence(tmp_path, body, code):
    verdict = verdicts(tmp_path, f"def attention(Q, K, V):\n    {body}\n")["attention"]
    assert (verdict.status, verdict.why[0]) == ("unknown", code)
    assert "4" in verdict.sentence("en") or code == "check_no_tensor" or body == "Q = Q"
    assert "object at 0x" not in repr(verdict) and "line 0" not in repr(verdict)


def test_a_product_of_sizes_that_differ_is_told(tmp_path):
    verdict = verdicts(tmp_path, "def linear(x, W, b):\n    return x @ W @ W + b\n")["linear"]
    assert verdict.why[0] == "check_product" and "x @ W.T" in verdict.sentence("en")


def test_float32_and_gpus_are_no_hindrance(tmp_path):
    text = """
        class Dropout(nn.Module):
            def __init__(self, p=0.5):
                super().__init__()
                self.p = p
            def forward(self, x):
                if not self.training:
                    return x
                keep = torch.rand(x.shape, dtype=torch.float32, device="cuda") > self.p
                return x * keep.float().cuda().to("cuda:0", torch.float32) / (1 - self.p)
    """
    assert verdicts(tmp_path, text)["Dropout"].status == "right"
    assert torch.zeros(1, dtype=torch.float32).dtype == torch.float32


# A part and its whole -----------------------------------------------------------------------------

WHOLE = """
    class Scores(nn.Module):
        def forward(self, q, k, v, scale=None):
            s = q @ k.mT
            return (s * scale if scale else s).softmax(-1) @ v
    class MultiHeadAttention(nn.Module):
        def __init__(self, dim, heads):
            super().__init__()
            self.h, self.d = heads, dim // heads
            self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
            self.attention = Scores()
        def cut(self, x):
            n, l, _ = x.shape
            return x.view(n, l, self.h, self.d).transpose(1, 2)
        def forward(self, x):
            n, l, w = x.shape
            q, k, v = (self.cut(f(x)) for f in (self.q, self.k, self.v))
            y = self.attention(q, k, v, {scale})
            return self.o(y.transpose(1, 2).reshape(n, l, w))
"""


def test_a_part_is_right_as_the_whole_uses_it(tmp_path):
    found = verdicts(tmp_path, WHOLE.format(scale="self.d ** -0.5"))
    assert {each.status for each in found.values()} == {"right"}
    found = verdicts(tmp_path, WHOLE.format(scale="None"))
    assert found["MultiHeadAttention"].finding.code == "scale_missing"


def test_a_right_whole_does_not_disprove_what_it_leaves_unused():
    used = Verdict("wrong", "It", "attention", finding=Finding("scale_missing"))
    unused = Verdict("wrong", "It", "attention", finding=Finding("mask_inverted"))
    assert not judge.stands(used) and judge.stands(unused)
    assert judge.as_used(used, "Whole").status == "right"


PROPERTIES = """
    class Attention(nn.Module):
        def forward(self, q, k, v):
            return (q @ k.mT).softmax(-1) @ v
    class Classifier(nn.Module):
        def __init__(self, n_in=12, n_out=3):
            super().__init__()
            self.a, self.b = nn.Linear(n_in, 12), nn.Linear(12, n_out)
            self.attention = Attention()
        def forward(self, x):
            h = self.a(x)[:, None]
            return self.b(self.attention(h, h, h)[:, 0].relu())
"""


def test_what_is_right_by_its_properties_does_not_clear_its_parts(tmp_path):
    """Its values were compared with nothing, so a part that is wrong may be behind them."""
    text = textwrap.dedent(PROPERTIES)
    (tmp_path / "theirs.py").write_text("import torch\nfrom torch import nn\n" + text)
    module = loading.load(tmp_path / "theirs.py")
    whole = judge.judge(source.thing(module.Classifier), "network")
    assert whole.status == "right" and "by_properties" in whole.variants
    assert not judge.proves(whole)
    assert verdicts(tmp_path, PROPERTIES)["Attention"].finding.code == "scale_missing"


def test_a_part_that_was_made_before_anybody_looked(tmp_path):
    text = WHOLE.format(scale="self.d ** -0.5") + "    SCORES = Scores()\n"
    text = text.replace("self.attention = Scores()", "self.attention = SCORES")
    found = verdicts(
        tmp_path, text.replace("    class Multi", "    SCORES = Scores()\n    class Multi", 1)
    )
    assert found["MultiHeadAttention"].status == "right"


def test_arguments_in_the_file_are_read_and_not_run(tmp_path):
    text = """
        class Net(nn.Module):
            def __init__(self, kinds, act):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(*SIZES[kind]) for kind in kinds)
                self.act = ACTS[act]
            def forward(self, x):
                for layer in self.layers:
                    x = self.act(layer(x))
                return x
        SIZES, ACTS = {"up": (8, 12), "down": (12, 3)}, {"tanh": torch.tanh}
        def build():
            return Net(["up", "down"], act="tanh")
        def evil():
            return Net([open("never", "w")], "tanh")
    """
    assert verdicts(tmp_path, text)["Net"].status == "right"


def test_a_configuration_that_refuses_sizes_is_no_end(tmp_path):
    config = (
        "from dataclasses import dataclass\n@dataclass\nclass Config:\n    n_embd: int = 32\n"
        "    n_head: int = 4\n    def __post_init__(self):\n        assert self.n_embd == 32\n"
    )
    text = textwrap.dedent(attention("config: Config", "config.n_embd", "config.n_head"))
    found = verdicts(tmp_path, config + text, role="multi_head_attention")
    assert found["Attention"].status == "right", found["Attention"]


def test_every_role_that_is_left_unwritten_is_a_hole(tmp_path):
    text = "class Net(nn.Module):\n    def forward(self, x):\n        '''Fill in.'''\n        ...\n"
    path = tmp_path / "theirs.py"
    path.write_text("from torch import nn\n" + text)
    (net,) = source.things(loading.load(path))
    assert source.hole(net.it) == 4
