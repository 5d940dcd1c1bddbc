"""The comparison of exported answers with our own accepts equal answers and no others."""

import numpy as np
import pytest

from etude.errors import NumericsError
from etude.exporters.parity import TOLERANCE, compare, require

PROBABILITIES = np.array([[0.7, 0.3], [0.1, 0.9], [0.45, 0.55]], np.float32)


def test_equal_answers_hold():
    parity = compare({"probabilities": PROBABILITIES}, {"probabilities": PROBABILITIES + 1e-7})
    assert parity.holds
    assert (parity.samples, parity.same) == (3, 3)
    assert 0 < parity.largest < 1e-6
    require(parity, "onnx")


def test_another_class_is_counted_and_refused():
    other = PROBABILITIES[:, ::-1]
    parity = compare({"probabilities": PROBABILITIES}, {"probabilities": other})
    assert (parity.same, parity.output) == (0, "probabilities")
    assert parity.largest == pytest.approx(0.8)
    with pytest.raises(NumericsError, match=r"probabilities differs by 8\.0e-01"):
        require(parity, "onnx")


def test_values_are_measured_by_their_spread():
    values = 1e6 + np.linspace(0, 100, 11)[:, None]
    shift = 2 * TOLERANCE * values.std()
    assert compare({"values": values}, {"values": values + shift / 4}).holds
    assert not compare({"values": values}, {"values": values + shift}).holds


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"values": PROBABILITIES}, "outputs"),
        ({"probabilities": PROBABILITIES[:, :1]}, "shape"),
        ({"probabilities": PROBABILITIES * np.nan}, "finite"),
    ],
)
def test_other_names_shapes_and_numbers_are_refused(other, words):
    with pytest.raises(NumericsError, match=words):
        compare({"probabilities": PROBABILITIES}, other)
