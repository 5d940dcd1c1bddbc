"""Downloads from a real server on loopback: cut, resumed, wrong, offline, disk full."""

import errno
import hashlib
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from etude.data import download
from etude.data.download import fetch
from etude.errors import DataError, StorageError

CONTENT = bytes(range(256)) * 4096  # 1 MiB
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Follows the server's plan, one entry a request: bytes to send, or a status; then plain."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        step = server.plan.pop(0) if server.plan else None
        if isinstance(step, str):
            self.send_response(302)
            self.send_header("Location", step)
            self.end_headers()
            return
        if step is not None and step < 0:
            self.send_error(-step)
            return
        start = 0
        if server.ranges and (asked := self.headers.get("Range")):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(server.content):
                self.send_error(416)
                return
            self.send_response(206)
            shown = start + server.shift
            self.send_header(
                "Content-Range", f"bytes {shown}-{len(server.content) - 1}/{len(server.content)}"
            )
        else:
            self.send_response(200)
        body = server.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if step is None else body[:step])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.content, made.plan, made.asked, made.ranges, made.shift = CONTENT, [], [], True, 0
    made.url = f"http://127.0.0.1:{made.server_port}/file.gz"
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def get(server, path, **more):
    known = {"size": len(CONTENT), "md5": MD5, "pause": 0.0} | more
    fetch(server.url, path, **known)


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def test_whole_file_and_progress(server, tmp_path):
    seen = []
    path = tmp_path / "new" / "file.gz"
    get(server, path, progress=lambda done, size: seen.append((done, size)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and seen == sorted(seen)
    assert left(path.parent) == ["file.gz"]


def test_what_is_there_is_not_asked_for(server, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(b"mine")
    get(server, path)
    assert path.read_bytes() == b"mine" and server.asked == []


def test_cut_connections_are_resumed(server, tmp_path):
    server.plan = [300_000, 0, 500_000]
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=300000-", "bytes=800000-"]


def test_a_killed_download_is_resumed_by_the_next_process(server, tmp_path):
    (tmp_path / "f.part").write_bytes(CONTENT[:1000])
    get(server, tmp_path / "f")
    assert server.asked == ["bytes=1000-"] and (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("have", [len(CONTENT), len(CONTENT) + 7])
def test_a_part_that_is_whole_or_too_long(server, tmp_path, have):
    (tmp_path / "f.part").write_bytes((CONTENT + b"1234567")[:have])
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert len(server.asked) == (have > len(CONTENT))


def test_a_server_that_ignores_ranges(server, tmp_path):
    server.ranges = False
    server.plan = [400_000]
    get(server, tmp_path / "f")
    assert server.asked == [None, "bytes=400000-"]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_server_that_continues_elsewhere(server, tmp_path):
    server.shift = 1
    (tmp_path / "f.part").write_bytes(CONTENT[:1000])
    get(server, tmp_path / "f")
    assert server.asked == ["bytes=1000-", None]
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_wrong_content_is_removed(server, tmp_path):
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(DataError, match=f"md5 {MD5} expected.*It was removed") as caught:
        get(server, tmp_path / "f", by_hand="Put it there by hand.")
    assert left(tmp_path) == [] and caught.value.do == "Put it there by hand."
    with pytest.raises(DataError, match="sha256"):
        fetch(server.url, tmp_path / "f", size=len(CONTENT), sha256="0" * 64)


@pytest.mark.parametrize(
    ("content", "found"), [(CONTENT[:-9], "1,048,567"), (CONTENT + b"x", "more")]
)
def test_wrong_size_is_told_and_removed(server, tmp_path, content, found):
    server.content = content
    with pytest.raises(DataError, match=f"1,048,576 bytes expected, .*{found}"):
        get(server, tmp_path / "f")
    assert left(tmp_path) == []


def test_a_moment_of_trouble_passes(server, tmp_path):
    server.plan = [-503, -429]
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_missing_file_is_not_asked_for_again(server, tmp_path):
    server.plan = [-404] * 9
    with pytest.raises(DataError, match="404"):
        get(server, tmp_path / "f")
    assert len(server.asked) == 1


def test_lasting_trouble_ends_and_keeps_what_came(server, tmp_path):
    server.plan = [1000, 1000, 0, 0, 0]
    with pytest.raises(DataError, match=r"in 4 attempts .*broke off at 2,000 of 1,048,576"):
        get(server, tmp_path / "f")
    assert (tmp_path / "f.part").read_bytes() == CONTENT[:2000]


def test_a_korean_message_is_korean(server, tmp_path):
    server.plan = [1000, 1000, 0, 0, 0]
    with pytest.raises(DataError) as caught:
        get(server, tmp_path / "f")
    first, second = caught.value.message("ko").split("\n")
    why = "1,048,576바이트 중 2,000바이트에서 연결이 끊겼습니다"
    assert first.endswith(f"/file.gz: 4번 시도했지만 내려받지 못했습니다({why}).")
    assert second.startswith("-> 네트워크를 확인하고 다시 시도하세요.")


def test_offline_says_what_to_do(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/f"
        with pytest.raises(DataError, match="refused") as caught:
            fetch(url, tmp_path / "f", size=1, md5=MD5, pause=0.0, by_hand="By hand: so.")
    assert caught.value.do == "By hand: so."


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/f", "data:,a"])
def test_only_http(tmp_path, server, url):
    with pytest.raises(DataError, match="only https and http"):
        fetch(url, tmp_path / "f", size=1, md5=MD5)
    server.plan = [url] * 4
    with pytest.raises(DataError):  # nor by way of a redirect
        get(server, tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_disk_full_is_told_with_path_and_bytes(server, tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    real = download._part
    monkeypatch.setattr(download, "_part", lambda part, size: Full(real(part, size)))
    with pytest.raises(StorageError, match=r"f\.part \(1,048,576 bytes\).*the disk is full"):
        get(server, tmp_path / "f")


def test_an_unwritable_folder_is_told(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written"):
        get(server, tmp_path / "file" / "f")


@pytest.mark.parametrize("round_", range(10))
def test_many_at_once_share_one_download(server, tmp_path, round_):
    threads = [threading.Thread(target=get, args=(server, tmp_path / "f")) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["f"] and len(server.asked) == 1


def test_one_that_waited_for_a_wrong_file_starts_anew(server, tmp_path):
    """The first gets wrong bytes and removes them; the second must not go on with what is gone."""
    real, bad = server.content, CONTENT[:-1] + b"?"
    server.content = bad
    errors, started, finish = [], threading.Event(), threading.Event()

    def hold(done, size):
        started.set()
        finish.wait(5)

    def first():
        try:
            get(server, tmp_path / "f", progress=hold)
        except DataError as error:
            errors.append(error)

    one = threading.Thread(target=first)
    one.start()
    assert started.wait(5)
    two = threading.Thread(target=get, args=(server, tmp_path / "f"))
    two.start()
    time.sleep(0.1)  # the second waits for the lock by now
    server.content = real
    finish.set()
    one.join()
    two.join()
    assert len(errors) == 1 and (tmp_path / "f").read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["f"]
