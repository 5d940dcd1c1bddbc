"""The process of one tracker: it reads messages from standard input and writes them to a log.

`python -m etude.trackers.process NAME`, in a session of its own: neither Ctrl-C nor an error, a
hanging network or a crash of the tracker's library reaches the training. If the training ends
without a word, because it was killed, standard input ends, and the log is closed all the same.

in:  {"open": {...}}, {"add": [...]}, {"end": {...}}, {"close": state}; all but the first optional
out: {"ready": true} once the library is imported, {"closed": true} at the end, or {"failed": why}
"""

import importlib
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from etude import registry
from etude.system import portable
from etude.system.limits import Plain
from etude.system.surroundings import no_warnings
from etude.trackers.tracker import Facts, Log, Moment, Tracker
from etude.workers.process import answer_stream


def write(tracker: Tracker, messages: Iterator[Plain]) -> None:
    """Write one log from its messages. Raises whatever the library raises."""
    first = next(messages, None)
    if first is None or "open" not in first:  # the training ended before it began: no log
        return
    log = tracker.open(Facts.read(first["open"]))
    state = "stopped"
    for message in messages:
        if "close" in message:
            state = message["close"]
            break
        _take(log, message)
    log.close(state)  # type: ignore[arg-type]


def _take(log: Log, message: Plain) -> None:
    if "add" in message:
        log.add([Moment(**moment) for moment in message["add"]])
    else:
        end = message["end"]
        log.end(end["summary"], {name: Path(path) for name, path in end["pictures"].items()})


def main() -> None:
    """Serve the tracker that the first word names."""
    # Whoever stops the training closes our standard input; a signal could only cut the log.
    for number in portable.SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    answers = answer_stream()

    def answer(**values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    try:
        with no_warnings():
            tracker: Tracker = registry.load("tracker", sys.argv[1])
            if tracker.package:
                importlib.import_module(tracker.package)
            answer(ready=True)
            write(tracker, map(json.loads, sys.stdin))
        answer(closed=True)
    # SystemExit too: a library that gives up may call sys.exit.
    except (Exception, SystemExit) as error:
        answer(failed=f"{type(error).__name__}: {error}"[:500])


if __name__ == "__main__":
    main()
