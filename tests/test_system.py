"""étude without what only POSIX has: every module imports, and a run is trained and read again.

Windows cannot be run here, so its gaps are made: in a process of its own, modules and names of `os`
and `signal` that Windows lacks are taken away after the libraries are loaded (Windows has libraries
of its own making; the lock of `filelock` is `LockFileEx` there).
"""

import subprocess
import sys
from pathlib import Path

import pytest

import etude
from etude.system import portable

SOURCE = Path(etude.__file__).parent

HIDE = """
import sys, os, signal, importlib, pkgutil
import torch, numpy, scipy.optimize, sklearn.linear_model, matplotlib.pyplot, PIL.Image, captum.attr
import asyncio, filelock, optuna, cyclopts, rich.console, rich.table, pydantic, safetensors.numpy
import multiprocessing.pool, tempfile, shutil, subprocess, getpass, platform
GONE = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog")
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in GONE:
            raise ImportError(f"{name} is not on this system")
for name in GONE:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocker())
for name in ("O_DIRECTORY", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_PATH", "fork", "forkpty",
             "register_at_fork", "sysconf", "setsid", "killpg", "pwrite", "pread", "getuid",
             "geteuid", "sched_getaffinity", "waitstatus_to_exitcode", "WNOHANG"):
    if hasattr(os, name):
        delattr(os, name)
os.supports_dir_fd.clear()
for name in ("SIGKILL", "SIGHUP", "SIGXCPU", "SIGUSR1", "SIGALRM"):
    delattr(signal, name)
"""
IMPORT_ALL = """
import etude
names = [m.name for m in pkgutil.walk_packages(etude.__path__, "etude.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
TRAIN = """
import etude
from etude.errors import LockedError
from etude.runs.lock import Lock
from pathlib import Path
run = etude.train("mlp", "digits", epochs=1, quiet=True, name="r", **{"model.hidden": [8]})
assert etude.load("runs/r").test == run.test
assert etude.resume("runs/r", quiet=True).test == run.test
held = Lock(Path("runs/r/LOCK"))
try:
    Lock(Path("runs/r/LOCK"))
except LockedError as error:
    assert f"process {os.getpid()}" in str(error), error
else:
    raise AssertionError("two writers")
held.release()
Path("outside").write_text("{}")
os.remove("runs/r/best.json")
os.symlink("../../outside", "runs/r/best.json")
from etude.runs.files import mapping
from etude.errors import RunError
try:
    mapping(Path("runs/r"), "best.json")
except RunError as error:
    print(error)
"""


def without_posix(program: str, folder: Path) -> subprocess.CompletedProcess:
    """A program in a process where the gaps of Windows are made."""
    code = [sys.executable, "-c", HIDE + program]
    return subprocess.run(code, cwd=folder, capture_output=True, text=True, check=False)


def test_every_module_imports_where_posix_is_absent(tmp_path):
    ended = without_posix(IMPORT_ALL, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 200


@pytest.mark.parametrize("name", ["fcntl", "resource"])
def test_the_hiding_hides(tmp_path, name):
    ended = without_posix(f"import {name}", tmp_path)
    assert f"ImportError: {name} is not on this system" in ended.stderr


def test_a_run_is_trained_locked_and_read_where_posix_is_absent(tmp_path):
    ended = without_posix(TRAIN, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "is a link, not a file" in ended.stdout


CHECK = """
import etude
from pathlib import Path
Path("mine.py").write_text(
    "import torch\\nclass Linear(torch.nn.Linear):\\n    pass\\n"
)
from etude.checking.sandbox import limits
print(limits._limit(limits.Caps()))
"""


def test_the_sandbox_says_what_it_lacks_where_posix_is_absent(tmp_path):
    """Limits are one of the protections that a report of a check names: none are claimed."""
    ended = without_posix(CHECK, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "False\n"), ended.stderr


SANDBOX = SOURCE / "checking" / "sandbox"


def test_only_portable_asks_for_what_a_system_lacks():
    """Elsewhere such a name would break an import or a run on Windows. The sandbox is Linux's."""
    words = ("fcntl", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "register_at_fork", "killpg",
             "SIGKILL", "SIGHUP", "sysconf", "pwrite")  # fmt: skip
    for path in sorted(SOURCE.rglob("*.py")):
        if path == SOURCE / "system" / "portable.py" or path.is_relative_to(SANDBOX):
            continue
        text = path.read_text(encoding="utf-8")
        calls = [w for w in words if f"os.{w}" in text or f"signal.{w}" in text]
        assert not calls and "import fcntl" not in text, f"{path}: {calls}"


def test_text_files_are_read_as_utf8_whatever_the_system_says():
    """Windows and LC_ALL=C have other defaults, and our sources have letters beyond ASCII."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert "read_text()" not in text or path == SANDBOX / "limits.py", path


def test_a_lock_that_the_file_system_does_not_have_is_not_another_process(tmp_path, monkeypatch):
    import errno

    from etude.errors import StorageError
    from etude.runs.lock import Lock

    def without(handle: int, *, wait: bool) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(portable, "lock", without)
    with pytest.raises(StorageError, match="no file locks"):
        Lock(tmp_path / "LOCK")
