"""Predictions for a user's inputs, by whatever answers for raw samples: a run, or a file that was
exported. The Card decides how inputs are read."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.inputs import from_array, from_frame, of_series, read
from etude.data.panel import inputs as series
from etude.data.panel.card import Panel
from etude.data.tabular.columns import used
from etude.data.tabular.dialect import Reading
from etude.data.tabular.inputs import doubts
from etude.data.tabular.objects import is_frame
from etude.errors import DataError, cause
from etude.locale.texts import text
from etude.system.limits import Plain

Answer = Callable[[Split], Sequence[Mapping[str, Any]]]
"""One answer per raw sample, as `Task.answers` returns it."""


def predictions(inputs: object, card: Card, answer: Answer) -> list[Plain]:
    """One prediction per sample: see `Run.predict`. Raises DataError."""
    items = [inputs] if isinstance(inputs, str | Path) else inputs
    if card.panel:
        return _ahead(items, card, card.panel, answer)
    # A list may hold paths or samples: only a list of nothing but paths names files.
    if isinstance(items, list | tuple) and all(isinstance(one, str | Path) for one in items):
        samples = read([str(name) for name in items], card)
    elif card.columns and is_frame(items):
        samples = from_frame(items, card)
    else:
        samples = from_array(as_array(items), card)
    columns = used(card.columns)
    empty: list[dict[str, list[str]]] = [{}] * len(samples)
    more = doubts(columns, samples.x[:], samples.lengths) if columns else empty
    return [
        {"input": name, **answered, **doubt}
        for name, answered, doubt in zip(samples.names, answer(samples), more, strict=True)
    ]


def _ahead(items: object, card: Card, panel: Panel, answer: Answer) -> list[Plain]:
    """The next steps of each series in a file or a frame."""
    reading = card.reading or Reading()
    if isinstance(items, list | tuple) and all(isinstance(one, str | Path) for one in items):
        found = series.latest([str(name) for name in items], panel, reading)
    elif is_frame(items):
        found = series.latest_of(items, panel, reading)
    else:
        raise DataError(text("data.panel.objects"))
    return list(series.dated(found, panel, answer(of_series(found, card))))


def as_array(inputs: object) -> np.ndarray:
    """An array, a tensor or a list of them as one array. Raises DataError for anything else."""
    try:
        if isinstance(inputs, list | tuple):
            return np.stack([as_array(one) for one in inputs])
        array = inputs.detach().cpu().numpy() if isinstance(inputs, torch.Tensor) else inputs
        return np.asarray(array)
    except (ValueError, TypeError) as error:
        raise DataError(
            text("inference.inputs", why=cause(error)),
            do=text("inference.inputs.do"),
        ) from None
