"""A worker process: reads jobs as lines of JSON, trains one run after another, and answers each job
with one line of JSON.

`workers.py` starts it as a module of its own. multiprocessing would import the user's program
again, which fails for programs without a main guard or from standard input.

in:  {"place": folder, "member": {...}}
out: {"outcome": {...}} or {"stopped": label} or {"error": class, "what": ..., "do": ..., ...}

Errors are answered as texts, which the comparison puts into the language of its user.
"""

import json
import os
import signal
import threading
from pathlib import Path
from queue import SimpleQueue

from etude import pipeline
from etude.comparison.run_spec import Outcome, RunSpec, plain_sentence
from etude.errors import EtudeError, Interrupted, LockedError, Stopped
from etude.locale.texts import text
from etude.system import portable
from etude.system.limits import Plain
from etude.system.surroundings import no_warnings
from etude.workers.process import answer_stream

LOCK_TIMEOUT = 20.0
"""Seconds to wait for a run that another process has locked, for instance the worker of a killed
comparison that is about to save and exit."""
LOCK_POLL = 0.2
"""Seconds between two attempts to lock it."""


def outcome(spec: RunSpec, place: Path) -> Outcome:
    """Train a run in its folder below `place`, or resume it if the folder exists."""
    result = pipeline.rehearse(place / spec.label, dict(spec.mapping), spec.tested)
    return Outcome(spec.label, **result)


def answer(job: Plain) -> dict[str, object]:
    """Run a job and return the answer as plain JSON values."""
    spec = RunSpec(**job["member"])
    never = threading.Event()  # never set: wait() is a sleep
    try:
        for attempts_left in range(round(LOCK_TIMEOUT / LOCK_POLL), -1, -1):
            try:
                return {"outcome": outcome(spec, Path(job["place"])).plain()}
            except LockedError:
                if not attempts_left:
                    raise
                never.wait(LOCK_POLL)
    except (Interrupted, Stopped):
        return {"stopped": spec.label}
    except EtudeError as error:
        what = text("comparison.run.failed", label=spec.label, why=error.what)
        return {
            "error": type(error).__name__,
            "what": plain_sentence(what),
            "do": plain_sentence(error.do),
            "items": [plain_sentence(item) for item in error.items],
        }
    raise AssertionError


def main() -> None:
    """Answer jobs until standard input ends. If it ends during a job, the comparison was killed:
    the current run saves itself and the process exits."""
    answers = answer_stream()
    for number in portable.SIGNALS:
        signal.signal(number, signal.SIG_DFL)  # idle, a signal ends it; training installs its own
    jobs: SimpleQueue[Plain | None] = SimpleQueue()
    busy = threading.Event()

    # A thread reads standard input, so that its end is noticed while a run is in training.
    def listen() -> None:
        rest = b""
        while more := os.read(0, 1 << 16):
            *lines, rest = (rest + more).split(b"\n")
            for line in lines:
                busy.set()  # before put(): the main thread could clear it first
                jobs.put(json.loads(line))
        jobs.put(None)
        if busy.is_set():
            portable.stop_myself()

    threading.Thread(target=listen, daemon=True).start()
    while job := jobs.get():
        with no_warnings():
            reply = answer(job)
        busy.clear()
        answers.write(json.dumps(reply) + "\n")
        answers.flush()
        if "stopped" in reply:
            break


if __name__ == "__main__":
    main()
