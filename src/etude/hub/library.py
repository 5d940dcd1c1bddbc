"""The library `huggingface_hub`: opened when it is used, kept quiet, its errors in our words.

No message quotes what a server answered: it could contain the token. For the same reason no error
keeps the one of the library, which has the request and its headers, as its cause or context.
"""

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit

from etude.errors import DataError, EtudeError, UsageError, write_error
from etude.locale.texts import Text, text
from etude.system.surroundings import no_warnings

Result = TypeVar("Result")
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
TRANSPORTS = ("httpx", "httpx2", "httpcore", "httpcore2", "urllib3")
"""The loggers of the packages that open connections for one version of the library or another."""
FULL = (errno.ENOSPC, errno.EDQUOT)
CODES = (400, 401, 403, 404, 409, 412, 413, 429)
"""Answers of a server that have a sentence of their own."""
UNREACHED = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
CUT = {"TransportError", "HTTPError", "ConnectionError", "TimeoutError"}


class Place(NamedTuple):
    """A repository as messages call it. origin: where the token comes from, as a key `hub.token.*`;
    write: whether something was to be uploaded."""

    name: str
    server: str
    origin: str
    write: bool


@contextmanager
def opened() -> Iterator[Any]:
    """The module `huggingface_hub`, without log lines, and with progress bars only on a terminal.

    Raises UsageError if it is not installed.
    """
    if find_spec("huggingface_hub") is None:
        raise UsageError(text("hub.library"), do=text("hub.library.do"))
    with no_warnings(), ExitStack() as stack:
        import huggingface_hub
        import huggingface_hub.utils

        utils: Any = huggingface_hub.utils
        stack.callback(utils.logging.set_verbosity, utils.logging.get_verbosity())
        utils.logging.set_verbosity(utils.logging.CRITICAL)
        terminal = sys.stderr is not None and sys.stderr.isatty()
        if not terminal and not utils.are_progress_bars_disabled():
            stack.callback(utils.enable_progress_bars)
            utils.disable_progress_bars()
        # At the level DEBUG the packages below log the headers of each answer.
        for name in TRANSPORTS:
            logger = logging.getLogger(name)
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL)
        yield huggingface_hub


def place_of(hub: Any, name: str, token: str | bool | None, write: bool) -> Place:
    """The repository `name` of the server that the library speaks to. Raises UsageError for an
    upload without a token."""
    if token is not None:
        origin = "argument" if isinstance(token, str) else "login" if token else "none"
    elif any(os.environ.get(variable) for variable in TOKENS):
        origin = "variable"
    else:
        origin = "login" if hub.get_token() else "none"
    if write and origin == "none":
        raise UsageError(text("hub.no_token"), do=text("hub.no_token.do"))
    return Place(name, _without_password(str(hub.constants.ENDPOINT)), origin, write)


def _without_password(address: str) -> str:
    """An address without the user and the password that it may have."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def tried(place: Place, call: Callable[[], Result]) -> Result:
    """The result of a call of the library. Raises DataError or UsageError with what went wrong, or
    StorageError for a disk that is full."""
    failure: EtudeError
    faults = _faults()
    try:
        return call()
    except EtudeError:
        raise
    except faults as error:
        failure = _error(place, error)
    # Outside the handler, so that the error has no context: see the head of this file.
    raise failure


def _faults() -> tuple[type[Exception], ...]:
    """What the library raises for requests, answers and files that fail."""
    from huggingface_hub.errors import HfHubHTTPError

    # The bases of an HTTP error: the errors of whichever package this version opens connections by.
    opening = tuple(base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception))
    # An answer that is no answer of a Hub fails wherever the library takes it apart.
    apart = ValueError, TypeError, LookupError, AttributeError, RuntimeError, EOFError
    return (OSError, *apart, AssertionError, *opening)


def _error(place: Place, error: BaseException) -> EtudeError:
    """The error in our words, by the code of the answer and by the names of the classes of the
    error and of its causes: the classes themselves move between versions."""
    causes: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in causes:
        causes.append(one)
        one = one.__cause__ or one.__context__
    full = [each for each in causes if isinstance(each, OSError) and each.errno in FULL]
    if full:
        return write_error(full[0].filename or place.name, full[0])
    names = {cls.__name__ for each in causes for cls in type(each).__mro__}
    answers = (getattr(each, "response", None) for each in causes)
    codes = [answer.status_code for answer in answers if answer is not None]
    key = _key(place, names, codes[0] if codes else 0)
    values = {"name": place.name, "server": place.server, "code": codes[0] if codes else 0}
    advice = {"origin": text(f"hub.token.{place.origin}"), **values}
    kind = UsageError if key in ("hub.401", "hub.403", "hub.403.read") else DataError
    return kind(text(key, **values), do=text(f"{key}.do", **advice))


def _key(place: Place, names: set[str], code: int) -> str:
    """The key of the sentence for an error."""
    by_name = {
        "OfflineModeIsEnabled": "hub.offline",
        "GatedRepoError": "hub.403.read",
        "LocalEntryNotFoundError": "hub.not_cached",
        "RevisionNotFoundError": "hub.revision",
        "EntryNotFoundError": "hub.file",
        "LocalTokenNotFoundError": "hub.401",
    }
    # A server may be unreachable behind a "not in the cache" of the library, which is no answer.
    if not code and names & UNREACHED and "OfflineModeIsEnabled" not in names:
        return "hub.unreached"
    known = [key for name, key in by_name.items() if name in names]
    if known and not (known[0] == "hub.not_cached" and code):
        return known[0]
    # What a Hub answers, without a token, about a repository that is missing or private.
    if code == 401 and "RepositoryNotFoundError" in names and not place.write:
        return "hub.404"
    if code == 403 and not place.write:
        return "hub.403.read"
    if code in CODES:
        return f"hub.{409 if code == 412 else code}"
    if code:
        return "hub.code"
    return "hub.cut" if names & CUT else "hub.answer"


def unlike(place: Place) -> Text:
    """What is said of an answer that is not that of a Hub."""
    return text("hub.answer", name=place.name, server=place.server)
