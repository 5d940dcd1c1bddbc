"""A small Hub on the loopback: the few addresses that `datasets` and `huggingface_hub` ask for."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub(repos: Mapping[str, Mapping[str, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """(address, requests so far) of a server with these repositories: files by their paths."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(urlsplit(self.path).path)
            asked.append(f"{self.command} {path}")
            code, headers, body = reply(path, repos)
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(path: str, repos: Mapping[str, Mapping[str, bytes]]) -> tuple[int, dict[str, str], bytes]:
    """(code, headers, body) of an answer."""
    for name, files in repos.items():
        if path == f"/api/datasets/{name}" or path.startswith(f"/api/datasets/{name}/revision/"):
            siblings = [{"rfilename": file} for file in files]
            return listed({"id": name, "sha": COMMIT, "siblings": siblings, "private": False})
        if path.startswith(f"/api/datasets/{name}/tree/{COMMIT}"):
            folder = path.partition(COMMIT)[2].strip("/")
            entries = list(tree(files, folder))
            return listed(entries) if entries else nothing("EntryNotFound")
        if path.startswith(f"/datasets/{name}/resolve/"):
            file = path.partition("/resolve/")[2].partition("/")[2]
            if file not in files:
                return nothing("EntryNotFound")
            headers = {"ETag": f'"{digest(files[file])}"', "X-Repo-Commit": COMMIT}
            return 200, headers, files[file]
    return nothing("RepoNotFound")


def tree(files: Mapping[str, bytes], folder: str) -> Iterator[dict[str, object]]:
    """The files and folders right below a folder."""
    start = f"{folder}/" if folder else ""
    below = {file.removeprefix(start) for file in files if file.startswith(start)}
    for first in sorted({file.partition("/")[0] for file in below}):
        content = files.get(start + first)
        kind = "directory" if content is None else "file"
        size, oid = len(content or b""), digest(content or b"")
        yield {"type": kind, "path": start + first, "size": size, "oid": oid}


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def listed(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def nothing(code: str) -> tuple[int, dict[str, str], bytes]:
    return 404, {"X-Error-Code": code}, b"{}"
