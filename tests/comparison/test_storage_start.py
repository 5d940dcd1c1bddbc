"""Many processes that start together on an empty storage: one makes the tables, the others wait."""

import glob
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from etude.comparison.shared_queue import is_set_up_elsewhere

OPEN = """
import sys
from etude.comparison.shared_queue import open_study
import optuna.storages, sqlalchemy.dialects.sqlite
print("ready", flush=True)
sys.stdin.readline()
study = open_study(sys.argv[1], "s", {"closed": False, "trials": 3})
print(study.study_name, study.user_attrs["trials"], flush=True)
"""


def start_together(url: str, count: int) -> list[tuple[int, str, str]]:
    """(exit code, stdout, stderr) of so many processes that open a storage in one instant."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    ended = []
    for child in children:
        out, err = child.communicate(timeout=120)
        ended.append((child.returncode, out, err))
    return ended


def test_six_start_together_on_an_empty_sqlite_file(tmp_path):
    ended = start_together(f"sqlite:///{tmp_path}/s.db", 6)
    assert [(code, out) for code, out, _ in ended] == [(0, "s 3\n")] * 6, ended


@pytest.fixture
def postgres():
    """The address of an empty database on a PostgreSQL server of this test alone."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [
        str(Path(p).parent) for p in [shutil.which("initdb")] if p
    ]
    if not found or importlib.util.find_spec("psycopg") is None:
        pytest.skip("needs a PostgreSQL server and psycopg")
    with tempfile.TemporaryDirectory() as folder:
        # The server refuses to run as root.
        user = "postgres" if os.getuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = f"{folder}/data"

        def call(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

        call(f"{found[-1]}/initdb", "-D", data, "-A", "trust", "-U", "me")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        call(f"{found[-1]}/pg_ctl", "-D", data, "-l", f"{folder}/log", "-w", "-o", options, "start")
        try:
            call(f"{found[-1]}/createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "me", "etude")
            yield f"postgresql+psycopg://me@127.0.0.1:{port}/etude"
        finally:
            call(f"{found[-1]}/pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_six_start_together_on_an_empty_postgresql(postgres):
    ended = start_together(postgres, 6)
    assert [(code, out) for code, out, _ in ended] == [(0, "s 3\n")] * 6, ended


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("duplicate key value violates unique constraint pg_type_typname_nsp_index", True),
        ("(sqlite3.OperationalError) table studies already exists", True),
        ("connection to server failed: Connection refused", False),
        ('FATAL: database "x" does not exist', False),
        ("password authentication failed", False),
    ],
)
def test_only_what_another_process_makes_is_waited_for(said, other):
    assert is_set_up_elsewhere(RuntimeError(said)) is other


def test_a_storage_that_cannot_be_reached_is_told_at_once(tmp_path):
    [(code, _, err)] = start_together(f"sqlite:///{tmp_path}/none/s.db", 1)
    assert (code, "this storage cannot be used" in err) == (1, True)
