"""memory: Python objects instead of a file: arrays, tensors, frames, a torch Dataset.

    etude.train("mlp", data=(x, y))
    etude.train("mlp", data={"x_train": x, "y_train": y, "x_test": u, "y_test": v})
    etude.train("cnn", data=dataset)                      # items are (sample, target)
    etude.train("mlp", data=frame, **{"data.target": "price"})   # pandas, polars, arrow, mappings
    etude.train("mlp", data=load_wine())                         # a Bunch of scikit-learn
    etude.train("mlp", data=frame, **{"data.horizon": 24})       # series: see `memory_forecast`

Arrays are read as those of a file are (see `arrays`), frames as a table is (see `table`), and their
fingerprint is stored with the run. The objects themselves are not: whoever resumes the run or looks
inside it passes them again.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from etude.data import table
from etude.data.arrays import ArrayConfig, by_standard_name, raw_of
from etude.data.dataset import Raw, Source
from etude.data.tabular.objects import bunch_frame, is_bunch, is_frame, table_of
from etude.errors import DataError
from etude.locale.texts import text
from etude.recipe import MEMORY

WHERE = "data"
SHOWN = 4
FORMS = text("data.memory.forms.do")


@runtime_checkable
class Indexed(Protocol):
    """A map-style Dataset: its items by index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> object: ...


class Config(ArrayConfig, table.TableConfig):
    """How the objects are read: arrays as those of a file, frames as tables."""


def load(config: Config) -> Raw:
    """Always raises DataError: objects cannot be found again by a name."""
    raise DataError(text("data.memory.gone"), do=text("data.memory.gone.do"))


def raw_from(data: object, config: Config) -> Raw:
    """The data of Python objects. Raises DataError with every array and row that cannot be used."""
    if is_bunch(data):
        data, name = bunch_frame(data)
        config = config.model_copy(update={"target": config.target or name})
    if is_frame(data):
        read = table.typed_table(table_of(data, config.missing_words), WHERE, config)
        return table.raw_of(read, config, MEMORY)
    return raw_of(_arrays(data, ", ".join(config.targets)), [], config, WHERE, MEMORY)


def _arrays(data: object, target: str) -> dict[str, np.ndarray]:
    """The arrays by their standard names. Raises DataError for any other object."""
    if target:
        raise DataError(text("data.memory.no_columns", target=target), do=FORMS)
    if isinstance(data, Mapping):
        stored = {str(name): _array(value, str(name)) for name, value in data.items()}
        return by_standard_name(stored, WHERE)
    if isinstance(data, tuple | list) and len(data) == 2:
        return {"x": _array(data[0], "x"), "y": _array(data[1], "y")}
    # An array has a length and items too, but an array alone has no targets.
    if isinstance(data, Indexed) and not hasattr(data, "__array__"):
        return _from_dataset(data)
    raise DataError(text("data.memory.unread", type=type(data).__name__), do=FORMS)


def _from_dataset(dataset: Indexed) -> dict[str, np.ndarray]:
    """x and y of a map-style Dataset, all of whose items are read into memory."""
    # By index: without `__iter__`, iteration ends only at an IndexError, which a Dataset need not
    # raise.
    items = [dataset[i] for i in range(len(dataset))]
    pairs = [item for item in items if isinstance(item, tuple | list) and len(item) == 2]
    if not items or len(pairs) < len(items):
        raise DataError(text("data.memory.pairs"))
    return {"x": _stacked([x for x, _ in pairs], "x"), "y": _stacked([y for _, y in pairs], "y")}


def _stacked(values: list[object], name: str) -> np.ndarray:
    arrays = [_array(value, name) for value in values]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise DataError(
            text("data.memory.shapes", name=name, shapes=sorted(shapes)[:SHOWN]),
            do=text("data.memory.shapes.do"),
        )
    return np.stack(arrays)


def _array(value: object, name: str) -> np.ndarray:
    """A tensor, a column, a picture of Pillow or nested lists as an array."""
    try:
        plain = value.detach().cpu() if isinstance(value, torch.Tensor) else value
        array = np.asarray(plain)
    except (ValueError, TypeError, RuntimeError) as error:
        raise DataError(text("data.memory.no_array", name=name, why=error)) from None
    if array.dtype.kind == "O":
        raise DataError(text("data.memory.ragged", name=name), do=FORMS)
    return array


SOURCE = Source(Config, load, text("source.memory.summary"), objects=raw_from)
