"""Recording changes nothing, counts rightly, and computes aside what the kernels never form."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from etude import assembly, registry
from etude.inspection.trace import record
from etude.inspection.views import shapes
from etude.layers import LSTM, MultiHeadAttention, attention
from etude.models.aae import AAE
from etude.shapes import Batch, Spec
from tests.test_contract import CASES, inputs, make

SPECS = {
    "mlp": Spec("vector", (12,), 3),
    "cnn": Spec("image", (3, 16, 24), 3),
    "resnet": Spec("image", (3, 16, 24), 3),
    "lstm": Spec("sequence", (9, 4), 3),
    "transformer": Spec("sequence", (9, 4), 3),
    "vit": Spec("image", (3, 16, 24), 3),
}


def batch_of(parts) -> Batch:
    lengths = parts[1] if len(parts) > 1 else None
    return Batch(parts[0], torch.zeros(len(parts[0])), lengths, np.arange(len(parts[0])))


@pytest.mark.parametrize("explicit", [False, True], ids=["fused", "explicit"])
@pytest.mark.parametrize(("name", "preset", "spec", "padded"), CASES)
def test_recording_changes_no_bit_of_the_output(name, preset, spec, padded, explicit, monkeypatch):
    monkeypatch.setattr(attention, "explicit_is_faster", lambda q, k: explicit)
    model, parts = make(name, preset, spec).eval(), inputs(spec, padded)
    with torch.no_grad():
        torch.manual_seed(5)
        plain = model(*parts)
        torch.manual_seed(5)
        trace = record(model, batch_of(parts))
    assert torch.equal(trace.output, plain)
    _ = trace.attention, trace.gates
    with torch.no_grad():
        torch.manual_seed(5)
        assert torch.equal(model(*parts), plain), "and none afterwards"
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_the_bit_comparison_can_fail():
    class Meddler(nn.ReLU):
        """Answers otherwise while somebody looks."""

        def forward(self, x):
            return super().forward(x) + 1e-6 * bool(self._forward_hooks)

    model = nn.Sequential(nn.Linear(4, 3), Meddler()).eval()
    x = torch.randn(5, 4)
    assert not torch.equal(record(model, batch_of((x,))).output, model(x))


def test_fused_and_explicit_roads_agree_within_the_dtype():
    for dtype, atol in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
        layer = MultiHeadAttention(16, 4).to(dtype).eval()
        q, k, v = layer.split(*[torch.randn(2, 7, 16, dtype=dtype)] * 3)
        explicit, _ = attention.scaled_dot_product_attention(q, k, v)
        torch.testing.assert_close(attention.fused_attention(q, k, v), explicit, atol=atol, rtol=0)


def counted_by_torch(run) -> int:
    """Multiply-adds of all matrix products and convolutions in `run`."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops() // 2


def plain_roads(model, parts, monkeypatch):
    """The model and its inputs such that torch's counter sees every product: the fused attention of
    the CPU and the LSTM of 32 bits are one operation each, which it does not know."""
    monkeypatch.setattr(attention, "explicit_is_faster", lambda q, k: True)
    return model.eval().double(), (parts[0].double(), *parts[1:])


@pytest.mark.parametrize(("name", "preset", "spec", "padded"), CASES)
def test_multiply_adds_are_those_that_torch_counts(name, preset, spec, padded, monkeypatch):
    """Of every registered architecture, preset and kind of data."""
    model, parts = plain_roads(make(name, preset, spec), inputs(spec, padded), monkeypatch)
    ours = sum(call.multiply_adds for call in record(model, batch_of(parts)).calls)
    assert ours == counted_by_torch(lambda: model(*parts)) > 0


@pytest.mark.parametrize("name", registry.names("model"))
def test_the_shapes_view_counts_each_layer_once_a_sample(name, runs, monkeypatch):
    """Its column and its caption are what torch counts for one sample and every network."""
    subject = runs(name).subject(sample=3)
    [shown] = shapes.draw(subject)
    column = shown.arrays["multiply_adds"]
    model, parts = copy.deepcopy(subject.model), subject.sample.batch.inputs
    model, parts = plain_roads(model, parts, monkeypatch)

    def every_network() -> None:
        model(*parts)
        if hasattr(model, "discriminator"):
            model.discriminator(torch.zeros(1, model.latent_dim, dtype=torch.float64))

    assert column.sum() == counted_by_torch(every_network)
    assert f"{column.sum():,}" in shown.alt
    called = [call.name for call in subject.trace.calls if call.parameters]
    assert len(called) == len(set(called)), "while looking, no network is called twice"


def test_a_layer_that_is_used_twice_costs_twice():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 5)

        def forward(self, x):
            return self.layer(self.layer(x))

    model, x = Twice().eval(), torch.randn(1, 5)
    calls = record(model, batch_of((x,))).calls
    assert shapes.work_of(calls) == {"": 0, "layer": 50}
    assert sum(shapes.work_of(calls).values()) == counted_by_torch(lambda: model(x))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (3, 4, 11)),
        (nn.Conv2d(4, 6, (3, 2), dilation=2), (3, 4, 9, 11)),
        (nn.ConvTranspose1d(4, 6, 3, stride=2), (3, 4, 11)),
        (nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), (3, 4, 5, 6)),
        (nn.LSTM(4, 5, 2, batch_first=True), (3, 7, 4)),
        (nn.LSTM(4, 5, 1, bidirectional=True), (7, 3, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers_outside_the_models_are_counted_as_torch_does(layer, shape):
    layer, x = layer.eval().double(), torch.randn(*shape, dtype=torch.float64)
    [call] = record(layer, batch_of((x,))).calls
    assert call.multiply_adds == counted_by_torch(lambda: layer(x)) > 0


def test_the_count_of_a_bidirectional_lstm_and_of_cross_attention():
    lstm = LSTM(3, 5, 2, bidirectional=True).eval()
    trace = record(lstm, batch_of((torch.randn(2, 7, 3),)))
    assert trace.calls[0].multiply_adds == 2 * 7 * 2 * (20 * (3 + 5) + 20 * (10 + 5))
    layer = MultiHeadAttention(8, 2).eval()
    q, k = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    trace = record(layer, batch_of((q,)), lambda: layer(q, k))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        q_, k_, v_ = layer.split(q, k, k)
        layer.proj((q_ @ k_.mT @ v_).transpose(1, 2).flatten(2))
    assert sum(c.multiply_adds for c in trace.calls) == counter.get_total_flops() // 2
    torch.testing.assert_close(trace.attention[""], layer.weights(q, k))


@pytest.mark.parametrize("name", SPECS)
def test_each_parameter_is_counted_once(name):
    model = assembly.create(name, SPECS[name]).eval()
    trace = record(model, batch_of((torch.randn(2, *SPECS[name].shape),)))
    assert sum(c.parameters for c in trace.calls) == sum(p.numel() for p in model.parameters())


def test_attention_rows_sum_to_one_and_hidden_keys_have_none():
    model, parts = make("transformer", "default", Spec("sequence", (9, 4), 3)), None
    parts = inputs(Spec("sequence", (9, 4), 3), True)
    trace = record(model.eval(), batch_of(parts))
    assert len(trace.attention) == 3
    for weights in trace.attention.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        for sample, length in zip(weights, parts[1]):
            assert (sample[..., length:] == 0).all()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_gates_end_in_the_states_of_torch(bidirectional, padded):
    lstm = LSTM(4, 5, 2, bidirectional=bidirectional).eval()
    lengths = torch.tensor([9, 1, 5]) if padded else None
    x = torch.randn(3, 9, 4)
    trace = record(lstm, Batch(x, torch.zeros(3), lengths, np.arange(3)))
    Y, (hn, cn) = lstm(x, lengths)
    layers = list(trace.gates.values())
    assert len(layers) == (4 if bidirectional else 2)
    for index, gates in enumerate(layers):
        last = 0 if bidirectional and index % 2 else -1
        torch.testing.assert_close(gates["h"][:, last], hn[index])
        torch.testing.assert_close(gates["c"][:, last], cn[index])
        for key in "ifo":
            assert ((gates[key] >= 0) & (gates[key] <= 1)).all()
    shown = torch.cat([gates["h"] for gates in layers[-2 if bidirectional else -1 :]], -1)
    for i, length in enumerate([9, 1, 5] if padded else [9] * 3):
        torch.testing.assert_close(shown[i, :length], Y[i, :length])


def test_statistics_and_dead_units():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True)).eval()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        model[0].bias.copy_(torch.tensor([0.0, -9.0, 2.0]))
    x = torch.tensor([[1.0, 1.0], [-1.0, 2.0]])
    _, linear, relu = record(model, batch_of((x,))).calls
    assert linear.output.tolist() == [[1, -8, 2], [-1, -7, 2]], "kept from the ReLU in place"
    assert relu.output.tolist() == [[1, 0, 2], [0, 0, 2]]
    assert (relu.units, relu.dead) == (3, 2), "one never fires, one never changes"
    assert relu.zeros == pytest.approx(3 / 6)
    assert relu.mean == pytest.approx(5 / 6)
    assert record(model, batch_of((x[:1],))).calls[2].dead is None, "one value cannot tell"


def test_training_mode_is_refused():
    with pytest.raises(ValueError, match="eval"):
        record(nn.Linear(2, 2), batch_of((torch.zeros(1, 2),)))


def test_all_players_of_the_autoencoder_have_their_parts():
    model = make("aae", "default", Spec("image", (1, 8, 8), 3)).eval()
    assert isinstance(model, AAE)
    x = torch.rand(2, 1, 8, 8)

    def run():
        again = model(x)
        model.discriminator(model.embed(x))
        return again

    trace = record(model, batch_of((x,)), run)
    assert sum(c.parameters for c in trace.calls) == sum(p.numel() for p in model.parameters())
