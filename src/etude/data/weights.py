"""Weights of samples: how much each counts in the loss, in every metric and in the baselines.

Only their ratios matter. Weights that are all equal are left out, so that the run is the same as
without them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from etude.data.dataset import Split
from etude.errors import DataError
from etude.locale.texts import Sentence, Text, text


def bad_weights(weights: np.ndarray) -> Iterator[tuple[int, Text]]:
    """(index, reason) of each weight that is missing, negative or infinite."""
    for i in np.flatnonzero(~(np.isfinite(weights) & (weights >= 0))).tolist():
        if np.isnan(weights[i]):
            yield i, text("data.weights.missing")
        else:
            yield i, text("data.weights.wrong", value=f"{weights[i]:g}")


def wrong_form(weights: np.ndarray | None, count: int, name: str) -> list[Text]:
    """What is wrong with the array of this name as the weights of `count` samples, if another split
    has weights."""
    if weights is None:
        return [text("data.arrays.weights.none", array=name)]
    if weights.dtype.kind in "iufb" and weights.shape == (count,):
        return []
    form = {"type": weights.dtype, "shape": str(list(weights.shape))}
    return [text("data.arrays.weights.form", array=name, count=count, **form)]


def with_weights(
    splits: Mapping[str, Split], weights: Mapping[str, np.ndarray], where: Sentence
) -> tuple[dict[str, Split], list[Text]]:
    """The splits with the weights of their samples [n], and a note.

    where: the column or the array, as messages call it. Raises DataError if all weights are 0.
    """
    every = np.concatenate(list(weights.values()))
    if not every.any():
        raise DataError(text("data.weights.zero", where=where), do=text("data.weights.zero.do"))
    if (every == every[0]).all():
        return dict(splits), [text("data.note.weights.equal", where=where, value=f"{every[0]:g}")]
    # Divided by the largest, so that no sum of them is too large for float64.
    largest = every.max()
    zero = int((every == 0).sum())
    note = text(
        "data.note.weights", where=where, low=f"{every.min():g}", high=f"{largest:g}", zero=zero
    )
    return {
        part: replace(split, weights=np.asarray(weights[part] / largest))
        for part, split in splits.items()
    }, [note]
