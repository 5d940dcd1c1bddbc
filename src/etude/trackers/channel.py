"""The training's side of a tracker: its process, and messages to it that never block."""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO

from etude.locale.texts import Sentence, text
from etude.system import portable
from etude.system.limits import Plain
from etude.workers.process import last_line, start_module

PATIENCE = 60.0
"""Seconds for a library to be imported, and for a log to be completed after the training."""
READY, DONE = "ready", "closed"
"""The answers of a tracker that goes well: its library is imported; its log is complete."""
GRACE = 10.0
"""Seconds for the process to end after its last answer."""


class Channel:
    """A tracker's process: `send` returns at once, whatever the tracker does meanwhile.

    failure: why it writes no more, or "".
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.failure: Sentence = ""
        self.late = self.done = False
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (as long as it lives)
        self.process = start_module(
            "etude.trackers.process",
            name,
            environment=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            # Also without a terminal, so that no library can ask for a password.
            **portable.own_session(),
        )
        self.outbox: SimpleQueue[bytes | None] = SimpleQueue()
        self.answers: SimpleQueue[Plain | None] = SimpleQueue()
        for work in (self._write, self._listen):
            threading.Thread(target=work, daemon=True).start()

    def _write(self) -> None:
        # A thread, because a pipe whose reader hangs takes 64 KiB and then blocks its writer.
        assert self.process.stdin is not None
        with suppress(OSError), self.process.stdin as pipe:
            while (line := self.outbox.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            for line in pipe:
                with suppress(ValueError):
                    self.answers.put(json.loads(line))
        self.answers.put(None)

    def send(self, message: Mapping[str, object]) -> None:
        """Queue a message."""
        self.outbox.put(json.dumps(message).encode() + b"\n")

    def poll(self) -> None:
        """Read answers that have arrived; sets `failure` if the tracker failed or died."""
        self._await("", 0.0)

    def wait_until(self, word: str) -> None:
        """Wait for the answer `word`; sets `failure` if it does not come."""
        self._await(word, time.monotonic() + PATIENCE)

    def _await(self, word: str, deadline: float) -> None:
        while not self.failure and not self.done:
            try:
                left = deadline - time.monotonic()
                answer = self.answers.get(timeout=left) if left > 0 else self.answers.get_nowait()
            except Empty:
                if word:
                    self.late = True
                    self.failure = text("trackers.late", seconds=round(PATIENCE))
                return
            if answer is None:
                self.failure = last_line(self.errors) or text("trackers.died")
            elif "failed" in answer:
                self.failure = str(answer["failed"])
            elif word in answer:
                self.done = word == DONE
                return

    def end(self) -> None:
        """Wait for the end of the process; kill it if it hangs."""
        self.outbox.put(None)
        try:
            # One that has closed its log, or failed, needs no more than a moment.
            self.process.wait(0 if self.late else GRACE)
        except subprocess.TimeoutExpired:
            portable.end_group(self.process)
            self.process.wait()
        self.errors.close()
