"""folder: pictures in the user's own folder, one folder per class, named after the class.

    PATH/train/CLASS/... PATH/val/CLASS/... PATH/test/CLASS/...
    PATH/train/CLASS/... PATH/val/CLASS/...     val is the test; validation is drawn from train
    PATH/CLASS/...                              a fifth, drawn once by data.split_seed, is the test

Other spellings of splits are recognised (Train, training, Test_Set: see `names`). Pictures in
deeper folders belong to the class folder above them. All pictures are converted to one size and
mode (see `pictures`); the notes report every conversion. Links are followed only
to files inside PATH. Hidden files and files made by operating systems are ignored.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from etude.data import pictures
from etude.data.bad import Bad, leave_out
from etude.data.dataset import Raw, Source, Split
from etude.data.layout import Sample, layout
from etude.data.pictures import PictureConfig
from etude.data.splits import stratified
from etude.data.tree import shown
from etude.locale.texts import Text, listed, text

SHOWN = 5


class Config(PictureConfig):
    """The path of the pictures, and how their test split is drawn."""

    path: str = Field(description="config.folder.path")
    split_seed: int = Field(default=0, ge=0, description="config.folder.split_seed")


def load(config: Config) -> Raw:
    """Images [n C H W] uint8. Raises DataError with every bad folder and file."""
    root = Path(config.path)
    tree = layout(root)
    samples = tree.samples
    found = pictures.read(
        [sample.path for sample in samples],
        lambda which: _parts(config, [samples[i] for i in which]),
        config,
    )
    names = [shown(sample.path.relative_to(root)) for sample in samples]
    left_out = leave_out(
        text("data.folder.pictures", path=root),
        tree.links + [Bad(samples[i].group, names[i], why) for i, why in found.bad],
        [samples[i].group for i in found.good],
        skip=config.skip_bad,
        fatal=tree.problems,
    )
    good = [samples[i] for i in found.good]
    whole = Split(found.x, np.zeros(0), None, tuple(names[i] for i in found.good), found.digests)
    raw = _split(config, good, whole, tree.notes + found.notes)
    return replace(raw, left_out=left_out, levels=found.levels)


def _parts(config: Config, samples: Sequence[Sample]) -> list[str]:
    """The split of each picture: by its folder; if there is no test folder, drawn by seed."""
    part = [sample.part for sample in samples]
    if "test" not in part:
        labels = np.unique([sample.label for sample in samples], return_inverse=True)[1]
        for i in stratified(labels, 0.2, config.split_seed)[1]:
            part[i] = "test"
    return part


def _split(config: Config, samples: list[Sample], whole: Split, notes: list[Text]) -> Raw:
    """The pictures by split, with their classes."""
    # Sorted names over all splits, so a class has the same number in every split and every run.
    classes = sorted({sample.label for sample in samples})
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[sample.label] for sample in samples], np.int64)
    part = np.array(_parts(config, samples))
    whole = replace(whole, y=y)
    if not any(sample.part == "test" for sample in samples):
        count = int((part == "test").sum())
        notes.append(text("data.note.drawn.pictures", count=count, total=len(y)))
    # Not by number: the class numbers of existing runs are in the order of the text.
    if all(map(str.isdecimal, classes)) and classes != sorted(classes, key=int):
        last = max(classes, key=int)
        order = listed(classes[:SHOWN], len(classes))
        notes.append(text("data.note.folders.digits", classes=order, width=len(last)))
    val = np.flatnonzero(part == "val")
    return Raw(
        name=shown(Path(config.path).resolve().name) or "folder",
        kind="image",
        target="class",
        train=whole.take(np.flatnonzero(part == "train")),
        test=whole.take(np.flatnonzero(part == "test")),
        val=whole.take(val) if len(val) else None,
        classes=tuple(map(shown, classes)),
        notes=tuple(notes),
    )


SOURCE = Source(Config, load, text("source.folder.summary"), data_in=("folder",))
