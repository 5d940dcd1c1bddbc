"""Augmentation: a function of key and sample; right by kornia; of the stated sizes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from etude.data.augment import FITS, OPS, affinities, augment, shifts, uniform, warp
from etude.errors import UsageError

IMAGES = torch.randn(40, 3, 12, 16, generator=torch.Generator().manual_seed(1))
SEQUENCES = torch.randn(40, 24, 2, generator=torch.Generator().manual_seed(2))
VECTORS = torch.randn(40, 5, generator=torch.Generator().manual_seed(3))
MANY = np.arange(4000)


def inputs(ndim):
    return {4: IMAGES, 3: SEQUENCES, 2: VECTORS}[ndim]


CASES = [(ndim, op) for ndim, (_, ops) in FITS.items() for op in ops]


# --- numbers -------------------------------------------------------------------------------------


def test_uniform_is_uniform_and_independent():
    u = uniform(7, MANY, 0, 8)
    assert u.shape == (4000, 8) and u.dtype == np.float64
    assert u.min() >= 0 and u.max() < 1
    counts = np.histogram(u, 64, (0, 1))[0]
    chi2 = ((counts - u.size / 64) ** 2 / (u.size / 64)).sum()
    assert 30 < chi2 < 110  # 63 degrees of freedom
    others = [u, uniform(8, MANY, 0, 8), uniform(7, MANY, 1, 8), uniform(7, MANY + 1, 0, 8)]
    flat = np.stack([other.reshape(-1) for other in others])
    assert np.abs(np.corrcoef(flat) - np.eye(4)).max() < 0.03
    assert np.abs(np.corrcoef(u.T) - np.eye(8)).max() < 0.08
    assert len(np.unique(u)) == u.size


def test_uniform_never_changes():
    """These numbers stand for every run that was ever made."""
    found = uniform(0, np.array([0, 1, 59_999]), 3, 2)
    np.testing.assert_array_equal(found, uniform(0, np.array([0, 1, 59_999]), 3, 4)[:, :2])
    expected = [splitmix(0, sample, 3, column) for sample in (0, 1, 59_999) for column in (0, 1)]
    assert found.reshape(-1).tolist() == expected


def splitmix(key, sample, stream, column):
    """The same in Python's own whole numbers."""
    word, golden = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(z):
        z = (z + golden) & word
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & word
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & word
        return z ^ (z >> 31)

    z = mix(mix(mix(key & word) ^ (stream + 1)) ^ sample)
    return (mix((z + (column + 1) * golden) & word) >> 11) * 2.0**-53


@pytest.mark.parametrize("key", [-1, 0, 2**63, 2**70 + 1])
def test_any_whole_number_is_a_key(key):
    assert 0 <= uniform(key, np.array([5]), 0, 1).item() < 1


# --- what holds for all --------------------------------------------------------------------------


@pytest.mark.parametrize(("ndim", "op"), CASES)
def test_a_sample_is_the_same_alone_and_in_any_batch(ndim, op):
    x, samples = inputs(ndim), np.arange(100, 140)
    together = augment(x, (op,), 9, samples)
    assert together.shape == x.shape and together.dtype == x.dtype
    for i in (0, 17, 39):
        assert torch.equal(together[i : i + 1], augment(x[i : i + 1], (op,), 9, samples[i : i + 1]))
    order = np.random.Generator(np.random.Philox(0)).permutation(40)
    shuffled = augment(x[torch.from_numpy(order)], (op,), 9, samples[order])
    assert torch.equal(shuffled, together[torch.from_numpy(order)])


@pytest.mark.parametrize(("ndim", "op"), CASES)
def test_key_and_sample_change_it_and_the_input_stays(ndim, op):
    x = inputs(ndim)
    before = x.clone()
    first = augment(x, (op,), 1, np.arange(40))
    assert torch.equal(x, before)
    assert torch.equal(first, augment(x, (op,), 1, np.arange(40)))
    assert not torch.equal(first, x)
    assert not torch.equal(first, augment(x, (op,), 2, np.arange(40)))
    assert not torch.equal(first, augment(x, (op,), 1, np.arange(40) + 1))


def test_the_global_generators_are_left_alone():
    torch.manual_seed(0)
    np.random.seed(0)
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    for ndim, (_, ops) in FITS.items():
        augment(inputs(ndim), ops, 3, np.arange(40))
    assert torch.equal(torch.get_rng_state(), torch_before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)


def test_operations_have_streams_of_their_own():
    images = torch.ones(400, 1, 8, 8)
    images[..., :4] = 2
    flipped = augment(images, ("flip", "erase"), 1, np.arange(400))
    left, right = flipped[:, 0, :, :4], flipped[:, 0, :, 4:]
    was_flipped = (left.amax((1, 2)) < 2) | (right.amax((1, 2)) > 1)
    was_erased = (flipped == 0).flatten(1).any(1)
    assert 150 < int(was_flipped.sum()) < 250 and 150 < int(was_erased.sum()) < 250
    both = torch.stack([was_flipped, was_erased]).double()
    assert abs(float(torch.corrcoef(both)[0, 1])) < 0.2


@pytest.mark.parametrize("op", list(OPS))
@pytest.mark.parametrize("ndim", [4, 3, 2])
def test_what_does_not_fit_is_refused(ndim, op):
    kind, fitting = FITS[ndim]
    if op in fitting:
        assert augment(inputs(ndim), (op,), 0, np.arange(40)).shape == inputs(ndim).shape
        return
    with pytest.raises(UsageError, match=f"{op} does not fit samples of kind {kind}"):
        augment(inputs(ndim), (op,), 0, np.arange(40))


# --- one by one ----------------------------------------------------------------------------------


def one_stream(name, count, samples):
    return uniform(5, samples, 0, count)


def test_flip_agrees_with_kornia():
    import kornia.geometry.transform as kornia

    samples = np.arange(40)
    found = augment(IMAGES, ("flip",), 5, samples)
    chosen = torch.from_numpy(one_stream("flip", 1, samples)[:, 0] < 0.5)
    assert 10 < int(chosen.sum()) < 30
    assert torch.equal(found[chosen], kornia.hflip(IMAGES[chosen]))
    assert torch.equal(found[~chosen], IMAGES[~chosen])


def test_translate_agrees_with_kornia():
    import kornia.geometry.transform as kornia

    samples = np.arange(40)
    found = augment(IMAGES, ("translate",), 5, samples)
    down, right = torch.from_numpy(shifts(one_stream("translate", 2, samples), (12, 16))).T
    assert set(down.tolist()) == {-1, 0, 1} and set(right.tolist()) == {-2, -1, 0, 1, 2}
    moved = torch.stack([right, down], 1).float()
    oracle = kornia.translate(IMAGES, moved, padding_mode="border", align_corners=True)
    torch.testing.assert_close(found, oracle, atol=1e-4, rtol=0)


def test_affine_agrees_with_kornia():
    import kornia.geometry.transform as kornia

    samples = np.arange(40)
    matrices = affinities(one_stream("affine", 3, samples))
    found = augment(IMAGES, ("affine",), 5, samples)
    assert torch.equal(found, warp(IMAGES, matrices))
    forward = np.linalg.inv(matrices)
    centre = np.array([(16 - 1) / 2, (12 - 1) / 2])
    shift = centre - forward @ centre
    M = torch.from_numpy(np.concatenate([forward, shift[..., None]], 2)).float()
    oracle = kornia.warp_affine(IMAGES, M, (12, 16), padding_mode="border", align_corners=True)
    torch.testing.assert_close(found, oracle, atol=1e-3, rtol=0)


def test_affine_turns_scales_and_shears_as_stated():
    middle = np.full((1, 3), 0.5)
    np.testing.assert_allclose(affinities(middle)[0], np.eye(2), atol=1e-12)
    turned = affinities(np.array([[1.0, 0.5, 0.5]]))[0]
    np.testing.assert_allclose(np.degrees(np.arctan2(turned[0, 1], turned[0, 0])), 15)
    np.testing.assert_allclose(np.linalg.det(turned), 1)
    larger = affinities(np.array([[0.5, 1.0, 0.5]]))[0]
    np.testing.assert_allclose(np.linalg.inv(larger), 1.1 * np.eye(2))
    sheared = affinities(np.array([[0.5, 0.5, 1.0]]))[0]
    np.testing.assert_allclose(sheared, [[1, 0.1], [0, 1]], atol=1e-12)
    # Pixels, not shares of the sides: a quarter turn of a wide picture keeps distances.
    wide = torch.zeros(1, 1, 9, 21)
    wide[0, 0, 4, 12] = 1  # two to the right of the centre
    quarter = np.array([[[0.0, 1.0], [-1.0, 0.0]]])
    assert torch.nonzero(warp(wide, quarter)[0, 0] > 0.9).tolist() in ([[2, 10]], [[6, 10]])


def test_erase_is_one_rectangle_of_the_stated_size():
    images = torch.ones(2000, 2, 16, 24)
    found = augment(images, ("erase",), 5, MANY[:2000])
    gone = found == 0
    assert torch.equal(gone[:, 0], gone[:, 1])
    chosen = gone[:, 0].flatten(1).any(1)
    assert 0.46 < chosen.float().mean() < 0.54
    rows, columns = gone[chosen, 0].any(2), gone[chosen, 0].any(1)
    assert torch.equal(gone[chosen, 0], rows[:, :, None] & columns[:, None, :])
    heights, widths = rows.sum(1), columns.sum(1)
    assert (heights.min(), heights.max(), widths.min(), widths.max()) == (2, 8, 3, 12)
    edges = (rows[:, 1:] != rows[:, :-1]).sum(1)
    assert edges.max() <= 2  # one stretch
    # Every place can be erased.
    assert gone[:, 0].any(0).all()


@pytest.mark.parametrize(
    ("op", "sigma", "x"), [("noise", 0.1, IMAGES), ("jitter", 0.05, SEQUENCES)]
)
def test_noise_is_normal(op, sigma, x):
    x = torch.zeros(400, *x.shape[1:])
    z = (augment(x, (op,), 5, MANY[:400]) / sigma).double().flatten()
    n = len(z)
    assert abs(float(z.mean())) < 5 / n**0.5
    assert abs(float(z.std()) - 1) < 5 / n**0.5
    normal = torch.distributions.Normal(0.0, 1.0)
    # Kolmogorov and Smirnov's distance, at a thousandth.
    expected = normal.cdf(z.sort().values)
    assert float((expected - torch.arange(n) / n).abs().max()) < 1.95 / n**0.5
    halves = z.reshape(400, -1)
    pairs = torch.stack(
        [halves[:, : halves.shape[1] // 2].flatten(), halves[:, halves.shape[1] // 2 :].flatten()]
    )
    assert abs(float(torch.corrcoef(pairs)[0, 1])) < 5 / (n / 2) ** 0.5


def test_scale_is_one_factor_for_a_feature():
    x = torch.rand(500, 6, 3) + 1
    factors = augment(x, ("scale",), 5, MANY[:500]) / x
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors))
    assert 0.9 <= float(factors.min()) < 0.902 and 1.098 < float(factors.max()) <= 1.1 + 1e-6
    assert (factors[:, 0].std(1) > 0).all()
    vector = augment(torch.ones(500, 3), ("scale",), 5, MANY[:500])
    torch.testing.assert_close(vector, factors[:, 0])


@pytest.mark.parametrize("length", [1, 5, 24, 100])
def test_time_mask_is_one_stretch(length):
    found = augment(torch.ones(1000, length, 2), ("time-mask",), 5, MANY[:1000])
    gone = (found == 0).all(2)
    assert torch.equal(gone, (found == 0).any(2))
    assert int(gone.sum(1).min()) == 1 and int(gone.sum(1).max()) == max(1, length // 8)
    assert (gone[:, 1:] & ~gone[:, :-1]).sum(1).max() <= 1 if length > 1 else True
    assert gone.any(0).all()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.integers(0, 2**62))
def test_every_size_of_image_works(height, width, channels, key):
    x = torch.rand(3, channels, height, width) + 1
    found = augment(x, FITS[4][1][:4], key, np.array([5, 0, 2**40]))
    assert found.shape == x.shape and found.isfinite().all()
    assert float(found.max()) <= float(x.max()) + 1e-5
