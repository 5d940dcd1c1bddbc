"""hf: a data set of Hugging Face, from the Hub or from a folder.

    etude train cnn --data hf:ylecun/mnist
    etude train mlp --data hf:OWNER/NAME data.config=en data.target=stars
    etude train cnn --data FOLDER                    a folder that `save_to_disk` wrote
    etude train cnn --data hf data.path=FOLDER       or a copy of a repository

A column of pictures makes images, one of lists of numbers sequences or vectors; other columns are
read by the rules of tables. The splits are those of the data set; without a test split it is a
fifth, drawn once by split_seed. The commit hash of a data set on the Hub becomes part of the
recipe, so that a later run reads the same data.
"""

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from etude.data.dataset import Raw, Source
from etude.data.hub import library
from etude.data.hub.library import Place
from etude.data.hub.numbers import numbers_raw
from etude.data.hub.pictures import PicturesConfig, pictures_raw
from etude.data.hub.roles import columns_of, parts_of, roles_of
from etude.data.hub.rows import rows_raw
from etude.data.hub.samples import known_parts
from etude.data.table import TableConfig
from etude.data.tree import shown
from etude.errors import UsageError, plain
from etude.locale.texts import text


class Config(TableConfig, PicturesConfig):
    """Where the data are, which columns are read, and how."""

    repo: str = Field(default="", description="config.hf.repo")
    path: str | None = Field(default=None, description="config.hf.path")
    config: str = Field(default="", description="config.hf.config")
    revision: str = Field(default="", description="config.hf.revision")
    image: str = Field(default="", description="config.hf.image")
    numbers: str = Field(default="", description="config.hf.numbers")


def settle(config: Config) -> Config:
    """The config with the commit hash and the configuration of a data set on the Hub. Raises
    UsageError, DataError."""
    if bool(config.repo) == bool(config.path):
        raise UsageError(text("data.hub.where"), do=text("data.hub.where.do"))
    if config.path:
        return config
    place = library.resolved(Place(config.repo, config.config, config.revision))
    return config.model_copy(update=place._asdict())


def load(config: Config) -> Raw:
    """Images, sequences, vectors or rows of a table. Raises UsageError, DataError."""
    config = settle(config)
    if config.path:
        path = Path(config.path).expanduser()
        splits = library.opened_folder(path, config.config)
        where, title = shown(path), path.absolute().name or "hf"
    else:
        splits = library.opened(Place(config.repo, config.config, config.revision))
        where, title = f"hf:{plain(config.repo)}", config.repo.rpartition("/")[2]
    with library.quiet():
        parts, notes = parts_of(list(splits), where)
        columns = columns_of(splits[next(iter(parts))].features)
        asked = {"picture": config.image, "numbers": config.numbers}
        several = len(config.targets) > 1
        target = "" if several else "".join(config.targets)
        roles = roles_of(columns, asked, target, several or bool(config.keep), where)
        if roles.sample is None or roles.target is None:
            raw = rows_raw(splits, parts, columns, config, where, title)
        else:
            known, more = known_parts(splits, parts, roles.target, where)
            notes += more
            read = pictures_raw if roles.sample.role == "picture" else numbers_raw
            raw = read(known, roles.sample, roles.target, config, where, title)
    return replace(raw, notes=(*notes, *raw.notes))


SOURCE = Source(
    Config,
    load,
    text("source.hf.summary"),
    data_in=("folder",),
    recognises=library.is_saved,
    address="repo",
    settle=settle,
)
