"""The numbers behind the views, each against an independent reference."""

import numpy as np
import pytest
import torch
from torch import nn

from etude.inspection.plane import Plane, codes_of
from etude.inspection.subject import in_data_axes
from etude.inspection.views import attributions, class_map, hidden_steps, units
from etude.inspection.views.calibration import calibration_error, reliability
from etude.inspection.views.class_token import rollout
from etude.layers import magnitudes
from etude.training import weight_histograms


def ece_by_hand(sure, right, bins):
    """Guo et al., 2017, equation 3, sample by sample."""
    total = 0.0
    for b in range(bins):
        inside = [
            (s, r)
            for s, r in zip(sure, right)
            if b / bins <= s < (b + 1) / bins or (b == bins - 1 and s == 1)
        ]
        if inside:
            gap = np.mean([r for _, r in inside]) - np.mean([s for s, _ in inside])
            total += len(inside) / len(sure) * abs(gap)
    return total


def test_calibration_error_by_hand():
    random = np.random.default_rng(0)
    sure = np.concatenate((random.uniform(0.1, 1, 200), [1.0, 0.3]))
    right = random.uniform(size=202) < sure**2
    ours = calibration_error(*reliability(sure, right))
    assert ours == pytest.approx(ece_by_hand(sure, right, 10))
    assert calibration_error(*reliability(sure, ~right)) != pytest.approx(ours), "it can differ"
    perfect = np.array([0.75] * 4)
    assert calibration_error(*reliability(perfect, np.array([1, 1, 1, 0]))) == pytest.approx(0)


def test_rollout_by_hand():
    random = np.random.default_rng(0)
    weights = random.uniform(size=(3, 2, 5, 5))
    weights /= weights.sum(-1, keepdims=True)
    found = rollout(weights)
    np.testing.assert_allclose(found.sum(-1), 1)
    # Abnar & Zuidema, 2020, equation 1: each path through the layers, one by one.
    layers = [(w[0] + w[1]) / 4 + np.eye(5) / 2 for w in weights]
    for i, j in ((0, 3), (2, 2)):
        paths = sum(
            layers[2][i, a] * layers[1][a, b] * layers[0][b, j] for a in range(5) for b in range(5)
        )
        assert found[i, j] == pytest.approx(paths)
    assert not np.allclose(rollout(weights[::-1]), found), "the order of layers matters"


def test_the_class_map_is_captums(runs):
    from captum.attr import LayerGradCam

    run = runs("cnn")
    subject = run.subject(sample=5)
    x, model = subject.sample.batch.x, run.model
    ours = class_map.class_map(model, x, 3)
    reference = LayerGradCam(model, class_map.last_activation(model)).attribute(
        x, target=3, relu_attributions=True
    )
    torch.testing.assert_close(ours, reference[0, 0].detach())
    assert not torch.allclose(class_map.class_map(model, x, 4), ours), "another class, another map"


def test_attributions_add_up(runs):
    for kind in ("mlp", "cnn", "lstm", "transformer", "vit", "function", "lstm forecast"):
        subject = runs(kind).subject(sample=2)
        gradients, occluded, delta = attributions.attribute(subject, subject.sample)
        assert gradients.shape == occluded.shape == subject.sample.raw.shape
        forward = attributions.answer(subject, subject.sample)
        x = subject.sample.batch.x
        with torch.no_grad():
            change = float(forward(x) - forward(torch.zeros_like(x)))
        assert gradients.sum() == pytest.approx(change, abs=delta + 1e-4)
        assert delta < 0.05 * abs(change) + 0.05, kind


def test_occlusion_is_the_change_when_a_pixel_is_hidden(runs):
    subject = runs("cnn").subject(sample=2)
    _, occluded, _ = attributions.attribute(subject, subject.sample)
    forward, x = attributions.answer(subject, subject.sample), subject.sample.batch.x
    for row, column in ((2, 3), (5, 4)):
        hidden = x.clone()
        hidden[0, 0, row, column] = 0
        with torch.no_grad():
            change = float(forward(x) - forward(hidden))
        assert occluded[0, row, column] == pytest.approx(change, abs=1e-5)


def test_what_a_model_reads_is_brought_back_to_the_axes_of_the_data(runs):
    for kind in ("mlp", "lstm", "cnn"):
        subject = runs(kind).subject(sample=4)
        x = in_data_axes(subject.sample.batch.x.numpy(), subject.card)[0]
        mean, std = subject.card.mean[0], subject.card.std[0]
        np.testing.assert_allclose(x * std + mean, subject.sample.raw, atol=1e-4)


def test_a_hidden_step_one_by_one(runs):
    for kind in ("lstm", "transformer"):
        subject = runs(kind).subject(sample=3)
        moved, _ = hidden_steps.changes(subject, subject.sample)
        [x] = subject.sample.batch.inputs
        with torch.no_grad():
            before = subject.model(x)[0].softmax(0)
            for step in (0, 5):
                hidden = x.clone()
                hidden[0, step] = 0
                after = subject.model(hidden)[0].softmax(0)
                wanted = float(after[before.argmax()] - before.max())
                assert moved[step] == pytest.approx(100 * wanted, abs=1e-3), "points"


def test_a_units_strongest_answers_are_found_one_by_one(runs):
    subject = runs("cnn").subject()
    strongest, middle, chosen = units.activations(subject)
    kept = []
    handle = units.layer(subject).register_forward_hook(lambda m, a, out: kept.append(out.clone()))
    with torch.no_grad():
        subject.model(subject.test.take(chosen[7:8]).x)
    handle.remove()
    maps = kept[0][0]
    for unit in range(0, len(maps), 9):
        assert strongest[7, unit] == pytest.approx(float(maps[unit].max()), abs=1e-5)
        row, column = divmod(int(maps[unit].argmax()), maps.shape[2])
        if float(maps[unit].max()) > 0:
            wanted = [(row + 0.5) / maps.shape[1], (column + 0.5) / maps.shape[2]]
            np.testing.assert_allclose(middle[7, unit], wanted)


def test_the_plane_is_that_of_the_principal_components(runs):
    from sklearn.decomposition import PCA

    codes, _ = codes_of(runs("aae").subject())
    plane, pca = Plane.through(codes), PCA(2).fit(codes)
    assert plane.share == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)
    np.testing.assert_allclose(np.abs(plane.on(codes)), np.abs(pca.transform(codes)), atol=1e-4)
    points = np.array([[1.0, 2.0], [-3.0, 0.5]])
    np.testing.assert_allclose(plane.on(plane.off(points)), points, atol=1e-4)
    flat = Plane.through(codes[:, :2])
    assert flat.share == 1
    np.testing.assert_array_equal(flat.on(codes[:, :2]), codes[:, :2])


def test_histograms_count_every_weight():
    x = torch.tensor([[0.0, 1e-12], [-0.5, 2e4], [3.0, -3.0]])
    counts = magnitudes.histogram(x)
    edges = np.linspace(magnitudes.LOWEST, magnitudes.HIGHEST, magnitudes.BINS + 1)
    clipped = np.clip(np.log10(np.maximum(np.abs(x.numpy()), 1e-30)), edges[0], edges[-1])
    share = np.histogram(clipped, edges)[0] / 6
    np.testing.assert_array_equal(counts, np.round(255 * np.sqrt(share)).astype(np.uint8))
    assert counts.any()


def test_moments_hold_the_gradient_of_each_phase():
    from etude.shapes import Batch
    from etude.tasks.protocol import Phase

    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).eval()
    batch = Batch(torch.randn(5, 3), torch.zeros(5), None, np.arange(5))
    phases = (
        Phase("one", lambda m, b, noise: m(b.x).square().mean(), ("0.",)),
        Phase("two", lambda m, b, noise: m(b.x).sum(), ("1.",)),
    )
    found = weight_histograms.summary(model, phases, batch)
    assert [name for name, _ in magnitudes.matrices(model)] == ["0.weight", "1.weight"]
    assert found["weights"].shape == (1, 1, 2, magnitudes.BINS)
    assert all(p.grad is None for p in model.parameters()), "the optimizers' are left alone"
    model(batch.x).square().mean().backward()
    np.testing.assert_array_equal(
        found["gradients"][0, 0, 0], magnitudes.histogram(model[0].weight.grad)
    )
    model.zero_grad()
    model(batch.x).sum().backward()
    np.testing.assert_array_equal(
        found["gradients"][0, 0, 1], magnitudes.histogram(model[1].weight.grad)
    )
    assert len(weight_histograms.histogram_epochs(400)) == weight_histograms.MOST
    assert weight_histograms.histogram_epochs(3) == {0, 1, 2, 3}
