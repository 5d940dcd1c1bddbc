"""How a command ends when signals come at the worst of times: its code, no traceback, at once."""

import signal
import subprocess
import sys

import pytest

SAID = "Stopped."

SLOW_TO_UNWIND = """
import time
from etude.exits import exits
with exits("en"):
    try:
        print("up", flush=True)
        time.sleep(30)
    finally:
        print("unwinding", flush=True)
        time.sleep(30)
"""
SLOW_TO_LEAVE = """
import atexit, time
from etude.exits import exits
def late():
    print("unwinding", flush=True)
    time.sleep(30)
atexit.register(late)
with exits("en"):
    print("up", flush=True)
    time.sleep(30)
"""
IN_AN_ERROR = """
import time
from etude.errors import UsageError
from etude.exits import exits
class Late(UsageError):
    def message(self, lang):
        print("unwinding", flush=True)
        time.sleep(30)
with exits("en"):
    print("up", flush=True)
    raise Late("x")
"""


@pytest.mark.parametrize("program", [SLOW_TO_UNWIND, SLOW_TO_LEAVE])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_it_at_once_and_without_a_traceback(program, number):
    child = started(program)
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    assert child.stdout.readline() == "unwinding\n"
    child.send_signal(number)
    _, said = child.communicate(timeout=20)
    assert child.returncode == -number
    assert "Traceback" not in said


def test_a_signal_while_an_error_is_told_is_told_in_its_place():
    child = started(IN_AN_ERROR)
    assert [child.stdout.readline() for _ in range(2)] == ["up\n", "unwinding\n"]
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=20)
    assert child.returncode == 130
    assert SAID in said
    assert "Traceback" not in said


IN_A_FINALIZER = """
import time
from etude.exits import exits
class Slow:
    def __del__(self):
        print("up", flush=True)
        time.sleep(30)
with exits("en"):
    slow = Slow()
    del slow
    print("went on", flush=True)
"""


IN_AN_IMPORT = """
import time
from etude.exits import exits
with exits("en"):
    print("up", flush=True)
    try:
        time.sleep(30)
    except BaseException as error:
        raise ImportError("initialization failed") from error
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_a_signal_that_an_extension_turns_into_an_error_is_told_all_the_same(number, code):
    child = started(IN_AN_IMPORT)
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    _, said = child.communicate(timeout=20)
    assert child.returncode == code
    assert SAID in said
    assert "Traceback" not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 75)])
def test_a_signal_while_something_is_finalised_ends_it_too(number, code):
    child = started(IN_A_FINALIZER)
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    heard, said = child.communicate(timeout=20)
    assert (child.returncode, heard) == (code, "")
    assert "Traceback" not in said


def test_an_ignored_signal_stays_ignored():
    program = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from etude.exits import exits
with exits("en"):
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
"""
    assert started(program).wait(20) == 0


def started(program: str) -> subprocess.Popen:
    """The program as a process of its own, Ctrl-C not ignored however the tests were started."""
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
