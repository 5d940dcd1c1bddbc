"""The pool of worker processes, with workers that answer, print, die, hang or save on a signal."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pytest

from etude.locale.texts import render
from etude.system import portable
from etude.workers.pool import Answer, Lost, Pool
from etude.workers.process import start_module

WORKER = """
import json, os, signal, subprocess, sys, time
for line in sys.stdin:
    exec(json.loads(line)["code"])
    print(json.dumps({"pid": os.getpid()}), flush=True)
"""
SLEEP = "time.sleep(60)"


@dataclass(frozen=True)
class Code:
    """A job: code that the worker runs before it answers."""

    code: str

    def message(self):
        return {"code": self.code}


def start(errors):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=errors, **portable.own_group(),
    )  # fmt: skip


@pytest.fixture
def pool():
    with Pool(start, timeout=30.0) as pool:
        yield pool


def run(pool, *codes, count=1):
    """What becomes of jobs."""
    return [event for event in pool.run(deque(map(Code, codes)), count) if event is not None]


def alive(pid):
    """Whether a process exists that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_every_job_is_answered_by_a_worker_that_stays(pool):
    events = run(pool, *["pass"] * 5)
    assert [type(event) for event in events] == [Answer] * 5
    assert len({event.line for event in events}) == 1
    assert run(pool, "pass")[0].line == events[0].line


def test_workers_work_at_the_same_time_and_are_no_more_than_asked_for(pool):
    begin = time.monotonic()
    events = run(pool, *["time.sleep(1)"] * 4, count=4)
    assert len({event.line for event in events}) == 4 == len(pool.workers)
    assert time.monotonic() - begin < 3
    run(pool, *["pass"] * 3, count=2)
    assert len(pool.workers) == 4


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("sys.exit(3)", "ended with code 3: it printed nothing"),
        ("raise ValueError('no')", "ended with code 1: ValueError: no"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    ],
)
def test_a_job_whose_worker_dies_is_lost_and_the_next_one_is_done(pool, code, how):
    lost = run(pool, code, "pass")[0]
    assert isinstance(lost, Lost) and (lost.job, lost.late) == (Code(code), False)
    assert render("en", lost.how) == how and render("ko", lost.how) != how
    assert [type(event) for event in run(pool, code, "pass")] == [Lost, Answer]


def test_a_worker_that_died_while_idle_costs_no_job(pool):
    run(pool, "pass")
    pool.workers[0].process.kill()
    pool.workers[0].process.wait()
    assert [type(event) for event in run(pool, "pass", "pass")] == [Answer] * 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_hangs_is_killed_with_all_of_its_processes(tmp_path):
    pids = tmp_path / "pids"
    code = (
        f"child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL)\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n{SLEEP}"
    )
    with Pool(start, timeout=1.0) as pool:
        [lost] = run(pool, code)
        assert isinstance(lost, Lost) and lost.late
        worker, child = map(int, pids.read_text().split())
        end = time.monotonic() + 5
        while alive(child) and time.monotonic() < end:
            time.sleep(0.01)
        assert not alive(worker) and not alive(child)
        assert alive(os.getpid())
        assert isinstance(run(pool, "pass")[0], Answer)


def test_a_lost_job_can_be_done_again(pool, tmp_path):
    code = f"p = {str(tmp_path / 'there')!r}\nif not os.path.exists(p): open(p, 'w'); os.abort()"
    waiting, types = deque([Code(code), Code("pass")]), []
    for event in pool.run(waiting, 1):
        if event is not None:
            types.append((type(event), event.job.code == code))
        if isinstance(event, Lost):
            waiting.appendleft(event.job)
    assert types == [(Lost, True), (Answer, True), (Answer, False)]


def test_a_line_without_a_job_answers_nothing(pool):
    twice, other = "print('first', flush=True)", "time.sleep(1)"
    events = run(pool, twice, other, count=2)
    assert [event.job.code for event in events] == [twice, other]
    assert events[0].line == b"first\n"


def test_the_caller_gets_a_turn_while_nothing_happens(pool):
    events = list(pool.run(deque([Code("time.sleep(1)")]), 1))
    assert events.count(None) >= 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
def test_the_caller_gets_a_turn_after_a_slow_signal_handler(pool):
    """With SimpleQueue the wait never ended once a handler had used up its time."""
    before = signal.signal(signal.SIGALRM, lambda *ignored: time.sleep(0.3))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        events = list(pool.run(deque([Code("time.sleep(2)")]), 1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert events.count(None) >= 5


def test_workers_that_are_asked_to_stop_may_answer_first(pool):
    saves = "signal.signal(15, lambda *a: setattr(sys, 'told', True)); sys.told = False\n"
    saves += "print('', end='', flush=True)\nwhile not sys.told: time.sleep(0.05)"
    for event in pool.run(deque([Code(saves), Code(SLEEP)]), 2):
        if event is None and len(pool.workers) == 2:
            break
    time.sleep(1.0)  # until the first one has its handler
    begin = time.monotonic()
    answers = list(pool.stop(signal.SIGTERM, timeout=2.0))
    assert [answer.job for answer in answers] == [Code(saves)]
    assert time.monotonic() - begin < 5 and not pool.workers


def test_the_end_of_the_block_kills_every_worker():
    with Pool(start, timeout=60.0) as pool:
        next(pool.run(deque([Code(SLEEP)] * 2), 2))
        processes = [worker.process for worker in pool.workers]
    assert [one.returncode for one in processes] == [-signal.SIGKILL] * 2


def test_a_module_starts_with_one_thread_and_the_given_environment_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    (tmp_path / "random.py").write_text("raise SystemExit(9)")
    process = start_module(
        "etude", "--version", environment={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE, cwd=tmp_path,
    )  # fmt: skip
    if sys.platform == "linux":
        variables = Path(f"/proc/{process.pid}/environ").read_bytes().decode().split("\0")
        assert not any("API_TOKEN" in each for each in variables)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and out.strip()
