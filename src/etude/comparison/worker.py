"""A worker: one interpreter that runs many members, one after the other, told of each by a line of
JSON and answering with one. Started by `workers.py`, so that the caller's own program need not be
fit to be imported again.

in:  {"place": folder, "member": {...}}
out: {"outcome": {...}} or {"stopped": label} or {"error": class, "what": ..., "do": ..., ...}
"""

import json
import os
import signal
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from etude import pipeline
from etude.comparison.run_spec import Member, Outcome
from etude.errors import EtudeError, Interrupted, LockedError, Stopped
from etude.system import portable
from etude.system.surroundings import no_warnings

PATIENCE = 20.0
"""Seconds to wait for a member that another process still works on: the worker of a duel that was
killed, say, which is about to save and leave."""
EVERY = 0.2


def outcome(member: Member, place: Path) -> Outcome:
    """Run a member in its folder below `place`, or go on with it there."""
    found = pipeline.rehearse(place / member.label, dict(member.mapping), member.tested)
    return Outcome(member.label, **found)


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """What to say of a job when it has ended."""
    member = Member(**job["member"])
    waited = threading.Event()
    try:
        for left in range(round(PATIENCE / EVERY), -1, -1):
            try:
                return {"outcome": outcome(member, Path(job["place"])).plain()}
            except LockedError:
                if not left:
                    raise
                waited.wait(EVERY)
    except (Interrupted, Stopped):
        return {"stopped": member.label}
    except EtudeError as error:
        what = {"what": f"{member.label}: {error.what}", "do": error.do, "items": error.items}
        return {"error": type(error).__name__, **what}
    raise AssertionError("not reached")


def main() -> None:
    """Answer jobs until there are no more. Where the duel itself has died, what is in training
    saves itself and this ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what others print is no answer
    for number in portable.SIGNALS:
        signal.signal(number, signal.SIG_DFL)  # at work the loop has its own
    jobs: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
    busy = threading.Event()

    def listen() -> None:
        text = b""
        while more := os.read(0, 1 << 16):
            *lines, text = (text + more).split(b"\n")
            for line in lines:
                busy.set()
                jobs.put(json.loads(line))
        jobs.put(None)
        if busy.is_set():
            portable.stop_myself()

    threading.Thread(target=listen, daemon=True).start()
    while job := jobs.get():
        with no_warnings():
            said = answer(job)
        busy.clear()
        answers.write(json.dumps(said) + "\n")
        answers.flush()
        if "stopped" in said:
            break


if __name__ == "__main__":
    main()
