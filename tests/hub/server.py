"""A small Hub on the loopback: the addresses that a push and a pull ask for, with their answers.

    create -> validate-yaml -> preupload -> LFS batch -> PUT -> commit
    model info -> HEAD and GET of each file

`faults` changes answers: a function (method, path) -> (code, body) or None for the usual answer.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

TOKEN = "hf_secretsecretsecretsecret"


@dataclass
class Repository:
    """files by commit, in order; large: the files that are stored by LFS."""

    private: bool = True
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][1] if self.commits else {}

    def commit(self, files: dict[str, bytes]) -> str:
        sha = hashlib.sha1(repr((len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits.append((sha, files))
        return sha

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision in ("", "main"):
            return self.commits[-1] if self.commits else ("0" * 40, {})
        return next((each for each in self.commits if each[0] == revision), None)


def is_large(name: str) -> bool:
    return name.endswith((".safetensors", ".onnx", ".png", ".bin"))


def digest(name: str, content: bytes) -> str:
    if is_large(name):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


Fault = Callable[[str, str], "tuple[int, bytes] | None"]


@dataclass
class Hub:
    """What the server holds. asked: the requests so far. sizes: sizes that it lists wrongly. cut:
    the files that it sends by half. lies: the files that it sends with other content."""

    address: str = ""
    repos: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    users: set[str] = field(default_factory=lambda: {TOKEN})
    fault: Fault = lambda method, path: None
    sizes: dict[str, int] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    lies: set[str] = field(default_factory=set)

    def reply(self, method: str, path: str, body: bytes, token: str):
        """(code, headers, body) of an answer."""
        changed = self.fault(method, path)
        if changed is not None:
            code, content = changed
            return code, {"X-Error-Message": content.decode("latin-1")[:200]}, content
        if path.startswith("/lfs/"):
            self.uploads[path.rpartition("/")[2]] = body
            return 200, {}, b""
        if path == "/api/validate-yaml":
            return as_json({"errors": [], "warnings": []})
        if token not in self.users and (method != "GET" and method != "HEAD"):
            return 401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b"{}"
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            if name in self.repos:
                return as_json({"url": f"{self.address}/{name}"}, 409)
            private = asked.get("private", asked.get("visibility") == "private")
            self.repos[name] = Repository(private=bool(private))
            return as_json({"url": f"{self.address}/{name}", "name": name})
        for name, repo in self.repos.items():
            if name not in path:
                continue
            if repo.private and token not in self.users:
                return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
            found = self.of(name, repo, path, body)
            if found is not None:
                return found
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    def of(self, name: str, repo: Repository, path: str, body: bytes):
        """The answers about one repository."""
        api = f"/api/models/{name}"
        if path == f"{api}/preupload/main":
            files = [each["path"] for each in json.loads(body)["files"]]
            modes = {True: "lfs", False: "regular"}
            return as_json({"files": [
                {"path": f, "uploadMode": modes[is_large(f)], "shouldIgnore": False} for f in files
            ]})  # fmt: skip
        if path == f"/{name}.git/info/lfs/objects/batch":
            objects = [
                {"oid": each["oid"], "size": each["size"],
                 "actions": {"upload": {"href": f"{self.address}/lfs/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]  # fmt: skip
            return as_json({"transfer": "basic", "objects": objects})
        if path == f"{api}/commit/main":
            return self.commit(name, repo, body)
        if path == api or path.startswith(f"{api}/revision/"):
            at = repo.at(path.partition("/revision/")[2])
            if at is None:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            return as_json({"id": name, "sha": at[0], "private": repo.private,
                            "siblings": [self.listed(f, c) for f, c in at[1].items()]})  # fmt: skip
        if path.startswith(f"/{name}/resolve/"):
            revision, _, file = path.partition("/resolve/")[2].partition("/")
            at = repo.at(revision)
            if at is None or file not in at[1]:
                return 404, {"X-Error-Code": "EntryNotFound"}, b"{}"
            content = at[1][file]
            headers = {"ETag": f'"{digest(file, content)}"', "X-Repo-Commit": at[0]}
            if file in self.lies:
                content = bytes([content[0] ^ 1]) + content[1:]
            return 200, {**headers, "Content-Type": "application/octet-stream"}, content
        return None

    def listed(self, file: str, content: bytes) -> dict[str, object]:
        size = self.sizes.get(file, len(content))
        large = {"sha256": digest(file, content), "size": size, "pointerSize": 130}
        blob = hashlib.sha1(content).hexdigest() if is_large(file) else digest(file, content)
        return {"rfilename": file, "size": size, "blobId": blob,
                **({"lfs": large} if is_large(file) else {})}  # fmt: skip

    def commit(self, name: str, repo: Repository, body: bytes):
        files = dict(repo.files)
        for line in body.splitlines():
            each = json.loads(line)
            value = each["value"]
            if each["key"] == "header":
                parent = value.get("parentCommit")
                if parent and repo.commits and parent != repo.commits[-1][0]:
                    return as_json({"error": "conflict"}, 412)
            elif each["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif each["key"] == "lfsFile":
                files[value["path"]] = self.uploads[value["oid"]]
            elif each["key"] == "deletedFile":
                del files[value["path"]]
        sha = repo.commit(files)
        return as_json({"commitUrl": f"{self.address}/{name}/commit/{sha}", "commitOid": sha})


def as_json(value: object, code: int = 200):
    return code, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def served() -> Iterator[Hub]:
    """A Hub that answers at its `address`."""
    hub = Hub()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            body = self.body()
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            code, headers, content = hub.reply(self.command, path, body, token)
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                file = path.rpartition("/")[2]
                if file in hub.cut:
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                else:
                    self.wfile.write(content)

        def body(self) -> bytes:
            if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().strip() or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
