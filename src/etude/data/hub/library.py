"""The library `datasets`: find a data set on the Hub, on disk or in the cache, and open it.

    owner/name -> commit hash and configuration (`resolved`) -> cache, or download -> splits

The library is imported here alone, when it is used. It is kept quiet: no log lines, no warnings,
and progress bars only on a terminal; afterwards its settings are what they were. Code of a data
set is never run: version 4 of the library, the oldest that is accepted, cannot do so.
"""

import errno
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from etude.errors import DataError, StorageError, UsageError, plain, write_error
from etude.locale.texts import Sentence, Text, text
from etude.system.surroundings import no_warnings

COMMIT = re.compile(r"[0-9a-f]{40}")
ADDRESS = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")
TIMEOUT = 10.0
"""Seconds that the Hub has for one answer about a data set."""
SAVED = ("dataset_info.json", "state.json")
DICT = "dataset_dict.json"
FULL = (errno.ENOSPC, errno.EDQUOT)
Splits = Mapping[str, Any]
"""A `datasets.Dataset` by the name of its split."""


class Place(NamedTuple):
    """A data set on the Hub. config: one of its configurations, "" for the only one. revision: a
    commit hash, or a branch or tag, or "" for the newest commit."""

    repo: str
    config: str
    revision: str


def is_saved(path: Path) -> bool:
    """Whether `save_to_disk` wrote this folder."""
    return (path / DICT).is_file() or all((path / name).is_file() for name in SAVED)


@contextmanager
def quiet() -> Iterator[Any]:
    """The module `datasets`, without log lines, and with progress bars only on a terminal.

    Raises UsageError if it is not installed.
    """
    if find_spec("datasets") is None:
        raise UsageError(text("data.hub.library"), do=text("data.hub.library.do"))
    with no_warnings(), ExitStack() as stack:
        import datasets
        import datasets.utils as shown
        import huggingface_hub.utils as below

        for logs in (datasets.logging, below.logging):
            stack.callback(logs.set_verbosity, logs.get_verbosity())
            logs.set_verbosity(logs.CRITICAL)
        for bars in (shown, below):
            if not (sys.stderr and sys.stderr.isatty()) and not bars.are_progress_bars_disabled():
                stack.callback(bars.enable_progress_bars)
                bars.disable_progress_bars()
        yield datasets


def opened_folder(path: Path, config: str) -> Splits:
    """The splits of a folder that `save_to_disk` wrote, or of a copy of a data set's repository.
    Raises DataError."""
    where = str(path)
    if not path.is_dir():
        raise DataError(text("data.hub.no_folder", path=where), do=text("data.hub.no_folder.do"))
    with quiet() as datasets:
        if is_saved(path):
            read = _tried(where, lambda: datasets.load_from_disk(where))
        else:
            # An absolute path, because a name such as "csv" means a format to the library.
            here = str(path.absolute())
            read = _tried(where, lambda: datasets.load_dataset(here, name=config or None))
    return dict(read) if isinstance(read, dict) else {"": read}


def resolved(place: Place) -> Place:
    """The place with its full name, its configuration and the hash of its commit. Without a network
    (HF_HUB_OFFLINE=1) those of the copy in the cache. Raises DataError."""
    if not ADDRESS.fullmatch(place.repo):
        raise DataError(
            text("data.hub.address", name=plain(place.repo)), do=text("data.hub.address.do")
        )
    if os.path.isdir(place.repo):
        # Older versions of the library would read this folder instead.
        raise DataError(
            text("data.hub.shadow", name=place.repo),
            do=text("data.hub.shadow.do", name=place.repo),
        )
    with quiet() as datasets:
        if COMMIT.fullmatch(place.revision) and place.config:
            return place
        if datasets.config.HF_HUB_OFFLINE:
            return _newest_copy(datasets, place)
        import huggingface_hub

        api = huggingface_hub.HfApi(endpoint=datasets.config.HF_ENDPOINT)
        info = _tried(
            place.repo,
            lambda: api.dataset_info(
                place.repo, revision=place.revision or None, timeout=TIMEOUT, files_metadata=False
            ),
        )
        full = Place(info.id, place.config, info.sha)
        builder = _tried(place.repo, lambda: _builder(datasets, full))
        return full._replace(config=builder.config.name)


def opened(place: Place) -> Splits:
    """The splits of a resolved place: from the cache if they are there, else downloaded. Raises
    DataError."""
    with quiet() as datasets:
        folder = next(iter(_copies(datasets, place)), None)
        if folder is not None:
            return dict(_tried(place.repo, lambda: _cached(datasets, folder)))
        if datasets.config.HF_HUB_OFFLINE:
            raise _not_cached(place)

        def downloaded() -> Any:
            builder = _builder(datasets, place)
            builder.download_and_prepare()
            return builder.as_dataset()

        return dict(_tried(place.repo, downloaded))


def _builder(datasets: Any, place: Place) -> Any:
    """The builder of exactly this commit. Raises ConnectionError if the Hub cannot be reached."""
    builder = datasets.load_dataset_builder(
        place.repo, name=place.config or None, revision=place.revision
    )
    # Without a network, the library takes whatever commit is in its cache.
    if builder.hash != place.revision:
        raise ConnectionError(f"{datasets.config.HF_ENDPOINT}: {place.revision}")
    return builder


def _copies(datasets: Any, place: Place) -> list[Path]:
    """The folders of the cache with this data set, the newest first. A revision that is no commit
    hash is not compared."""
    from datasets.naming import camelcase_to_snakecase

    owner, _, name = place.repo.rpartition("/")
    folder = f"{owner}___{camelcase_to_snakecase(name)}" if owner else camelcase_to_snakecase(name)
    commit = place.revision if COMMIT.fullmatch(place.revision) else "*"
    root = Path(os.path.expanduser(datasets.config.HF_DATASETS_CACHE), folder)
    found = [
        path for path in root.glob(f"*/*/{commit}")
        if COMMIT.fullmatch(path.name) and place.config in ("", _config_of(path))
    ]  # fmt: skip
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _config_of(folder: Path) -> str:
    """The configuration that a folder of the cache holds; a space, which no name is, if it is not
    complete or was made with other arguments."""
    try:
        name = str(json.loads((folder / SAVED[0]).read_text("utf-8"))["config_name"])
    except (OSError, ValueError, KeyError):
        return " "
    return name if name == folder.parts[-3] else " "


def _newest_copy(datasets: Any, place: Place) -> Place:
    copies = [path for path in _copies(datasets, place) if _config_of(path) != " "]
    configs = sorted({_config_of(path) for path in copies})
    if not copies:
        raise _not_cached(place)
    if len(configs) > 1:
        raise DataError(
            text("data.hub.configs", name=place.repo),
            do=text("data.hub.configs.do", names=tuple(map(plain, configs))),
        )
    return Place(place.repo, configs[0], copies[0].name)


def _cached(datasets: Any, folder: Path) -> Any:
    from datasets.packaged_modules.cache.cache import Cache

    config, version, commit = folder.parts[-3:]
    owner, _, name = folder.parts[-4].rpartition("___")
    builder = Cache(
        cache_dir=str(folder.parents[3]), dataset_name=name, config_name=config, version=version,
        hash=commit, repo_id=f"{owner}/{name}" if owner else name,
    )  # fmt: skip
    return builder.as_dataset()


def _not_cached(place: Place) -> DataError:
    return DataError(
        text("data.hub.not_cached", name=place.repo, revision=place.revision or "-"),
        do=text("data.hub.offline.do", name=place.repo),
    )


def _tried(where: str, call: Callable[[], Any]) -> Any:
    """The result of a call of the library. Raises DataError with what went wrong in our words, or
    StorageError for a disk that is full."""
    faults = _faults()
    try:
        return call()
    except faults as error:
        raise _error(where, error) from None


def _faults() -> tuple[type[Exception], ...]:
    """What the library raises for data, files and connections that fail."""
    import yaml
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    # The bases of an HTTP error: the errors of whichever package this version opens connections by.
    opening = tuple(base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception))
    usual = OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ImportError
    return (*usual, EOFError, DatasetsError, yaml.YAMLError, *opening)


def _error(where: str, error: Exception) -> DataError | StorageError:
    """What went wrong, by the names of the classes of the error and of its causes: the classes
    themselves move between versions."""
    causes: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in causes:
        causes.append(one)
        one = one.__cause__ or one.__context__
    names = {cls.__name__ for one in causes for cls in type(one).__mro__}
    server = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    full = [one for one in causes if isinstance(one, OSError) and one.errno in FULL]
    if full:
        return write_error(full[0].filename or where, full[0])
    # "An error occurred while generating the dataset" says less than its cause.
    first = error.__cause__ if type(error).__name__ == "DatasetGenerationError" else error
    why = plain(str(first).strip().split("\n")[0][:300]) or type(first).__name__
    what, do = _sentences(where, server, why, names, error)
    return DataError(what, do=do)


def _sentences(
    where: str, server: str, why: str, names: set[str], error: Exception
) -> tuple[Text, Sentence]:
    """(what is wrong, what to do). names: of the classes of the error and its causes."""
    if "GatedRepoError" in names:
        return text("data.hub.gated", name=where, server=server), text("data.hub.gated.do")
    if "RevisionNotFoundError" in names:
        return text("data.hub.no_revision", name=where), text("data.hub.no_revision.do")
    if names & {"RepositoryNotFoundError", "DatasetNotFoundError"}:
        return text("data.hub.unknown", name=where, server=server), text("data.hub.unknown.do")
    if "scripts are no longer supported" in why:
        return text("data.hub.script", name=where), text("data.hub.script.do")
    if "Config name is missing" in why or "BuilderConfig" in why:
        every = re.findall(r"'([^']*)'", str(error)[str(error).find("[") :].split("]")[0])
        return (
            text("data.hub.configs", name=where),
            text("data.hub.configs.do", names=tuple(map(plain, every))),
        )
    if names & {"ConnectionError", "ConnectError", "TimeoutException", "Timeout", "TransportError",
                "HTTPError", "OfflineModeIsEnabled", "LocalEntryNotFoundError"}:  # fmt: skip
        return (
            text("data.hub.unreached", name=where, server=server, why=why),
            text("data.hub.offline.do", name=where),
        )
    return text("data.hub.unread", name=where, why=why), text("data.hub.unread.do")
