"""The data of a job of several processes: the first process of each machine reads them for all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from etude import registry
from etude.data import shared
from etude.data.card import Card
from etude.data.dataset import DataConfig, Dataset
from etude.errors import DataError
from etude.loading import Objects, dataset_of
from etude.locale.texts import text
from etude.recipe import RecipeDraft
from etude.training.distributed import World

Found = tuple[Dataset, DataConfig]


def shares(world: World, objects: Objects) -> bool:
    """Whether the first process of a machine reads the data for the others: not if each has them
    as objects, nor on a system whose processes cannot open each other's files."""
    return world.beside > 1 and objects.data is None and shared.possible()


def shared_dataset(draft: RecipeDraft, objects: Objects, world: World, device: str) -> Found:
    """The dataset of a recipe and the Config of its source, read once on each machine.

    device: that of this process, which has joined. Raises in all processes of a machine what its
    first one raises: DataError, UsageError, StorageError.
    """

    @contextmanager
    def written(found: Found) -> Iterator[str]:
        dataset, config = found
        with shared.written(dataset) as content:
            yield json.dumps((content, config.plain()))

    def read(message: str) -> Found:
        content, fields = json.loads(message)
        source = registry.load("data", draft.data.name)
        # A GPU takes all samples into its own memory.
        late = torch.device(device).type == "cpu"
        return shared.read(content, late), source.config.read(fields, "data")

    return world.once(lambda: dataset_of(draft, objects), written, read)


def require_same(card: Card, world: World) -> None:
    """Raise DataError unless all processes have the same data: each machine reads its own files."""
    if world.agree(card.fingerprint) != card.fingerprint:
        raise DataError(
            text("distributed.other_data", name=card.name, rank=world.rank),
            do=text("distributed.other_data.do"),
        )
