"""The torch side of a peer: threads and seed set, data as tensors, the quickest DataLoader."""

import argparse

import fashion
import networks
import torch
from torch.utils.data import DataLoader, TensorDataset

Splits = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def begin(given: argparse.Namespace) -> torch.nn.Module:
    """Threads and seed; then the network that is asked for."""
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    return networks.NETWORKS[given.network]()


def splits(given: argparse.Namespace) -> Splits:
    """(x, y, x_test, y_test), scaled, images [n 1 28 28]."""
    x, y, x_test, y_test = fashion.read(given.samples)
    images = [torch.from_numpy(fashion.scaled(part, given.network)) for part in (x, x_test)]
    labels = [torch.from_numpy(part.astype("int64")) for part in (y, y_test)]
    return images[0], labels[0], images[1], labels[1]


class Batches(TensorDataset):
    """Gives a whole batch by one index, which a DataLoader asks for where it finds __getitems__; by
    sample, the loader alone is slower than an MLP's step."""

    def __getitems__(self, indices: list[int]) -> tuple[torch.Tensor, ...]:
        return self[indices]


def as_it_is(batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Nothing to collate."""
    return batch


def loader(x: torch.Tensor, y: torch.Tensor, batch: int) -> DataLoader:
    """Shuffled batches, the last partial one left out."""
    data = Batches(x, y)
    return DataLoader(data, batch, shuffle=True, drop_last=True, collate_fn=as_it_is)
