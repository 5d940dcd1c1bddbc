"""Push and pull against a Hub on the loopback: requests, contents, a sentence for each fault."""

import json
import os
import socket
import subprocess
import sys
import traceback
from pathlib import Path

import huggingface_hub.constants as constants
import pytest

import etude
from etude import cli
from etude.errors import DataError, EtudeError, RunError, UsageError
from etude.hub import layout, remote
from tests.hub.server import TOKEN, Repository, digest

pytestmark = pytest.mark.usefixtures("few")
NAME = "ada/mlp-digits"


@pytest.fixture
def pushed(hub, run):
    """The Hub after a push of the run."""
    run.push(NAME, license="mit")
    hub.asked.clear()
    return hub


def replaced(hub, name, content):
    """A new commit of the pushed repository, with one other file."""
    repo = hub.repos[NAME]
    repo.commit({**repo.files, name: content})


def fails(call, kind, *words):
    """The message of an error. Neither it nor a cause of it may contain the token."""
    with pytest.raises(EtudeError) as caught:
        call()
    error = caught.value
    assert type(error) is kind, repr(error)
    shown = "".join(traceback.format_exception(error)) + error.message("ko")
    while error is not None:
        shown += repr(error.__dict__) + repr(error)
        assert not hasattr(error, "response"), "an error of the library with its request"
        error = error.__cause__ or error.__context__
    error = caught.value
    assert TOKEN not in shown
    assert all(word in str(error) for word in words), str(error)
    assert "\n-> " in str(error), "no advice"
    return str(error)


def leaks(folder):
    """The files that contain the token."""
    return [p for p in folder.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]


# The usual way ------------------------------------------------------------------------------------


def test_a_push_is_private_one_commit_and_verified(hub, run):
    done = run.push(NAME, license="mit")
    repo = hub.repos[NAME]
    assert repo.private and done.private and done.created
    assert len(repo.commits) == 1 and done.commit == repo.commits[0][0]
    assert repo.files == run.repository(NAME, "mit") and set(done.changed) == set(repo.files)
    assert done.url == f"{hub.address}/{NAME}"
    posts = [line.partition(" ")[2].rpartition("/")[2] for line in hub.asked if line[:4] == "POST"]
    assert posts == ["create", "validate-yaml", "main", "batch", "main"]


def test_a_second_push_of_the_same_uploads_nothing(pushed, run):
    again = run.push(NAME, license="mit")
    assert not again.changed and not again.removed and not again.created
    assert pushed.asked == [f"GET /api/models/{NAME}"]
    assert len(pushed.repos[NAME].commits) == 1
    assert "Nothing to push" in etude.verbs.pushed_line(again, "en")


def test_only_what_differs_is_uploaded_and_other_files_stay(pushed, run):
    replaced(pushed, "notes.txt", b"mine")
    replaced(pushed, "pictures/old.png", b"of an earlier push")
    replaced(pushed, "pictures/Photo of mine.png", b"no name of ours")
    done = run.push(NAME, license="apache-2.0")
    assert done.changed == ("README.md",) and done.removed == ("pictures/old.png",)
    files = pushed.repos[NAME].files
    assert files["notes.txt"] == b"mine" and "pictures/Photo of mine.png" in files
    assert b"license: apache-2.0" in files["README.md"]


def test_a_public_push_is_public_and_never_by_accident(hub, run):
    assert not run.push(NAME, private=False).private and not hub.repos[NAME].private
    before = len(hub.repos[NAME].commits)
    fails(lambda: run.push(NAME, license="mit"), UsageError, "is public", "--public")
    assert len(hub.repos[NAME].commits) == before
    assert run.push(NAME, private=False, license="mit").changed == ("README.md",)
    hub.repos[NAME].private = True
    assert run.push(NAME, private=False, license="mit").private, "visibility is not changed"


def test_a_repository_of_something_else_is_left_alone(hub, run):
    foreign = {"config.json": b'{"model_type": "vit"}', "model.safetensors": b"theirs"}
    hub.repos[NAME] = Repository()
    hub.repos[NAME].commit(foreign)
    fails(lambda: run.push(NAME), UsageError, "another model", "config.json")
    del foreign["config.json"]
    hub.repos[NAME].commit(foreign)
    fails(lambda: run.push(NAME), UsageError, "another model", "model.safetensors")
    hub.repos[NAME].commit({".gitattributes": b"", "README.md": b"# empty"})
    assert "README.md" in run.push(NAME).changed


def test_pulled_runs_predict_the_same_and_no_pickle_is_asked_for(pushed, run, digits):
    replaced(pushed, "pytorch_model.bin", b"cos\nsystem\n(S'exit 1'\ntR.")
    back = etude.from_pretrained(NAME)
    assert back.predict(digits) == run.predict(digits)
    assert (back.outputs(samples(digits)) == run.outputs(samples(digits))).all()
    assert NAME in repr(back)
    files = {line.rpartition("/")[2] for line in pushed.asked if line.startswith("GET /ada")}
    assert files == set(layout.READ)


def samples(x):
    from etude.data.dataset import Split

    return Split(x, x[:, 0, 0, 0])


def test_a_revision_is_a_commit_of_the_past(pushed, run):
    first = pushed.repos[NAME].commits[0][0]
    replaced(pushed, "model.safetensors", b"damaged later")
    fails(lambda: etude.from_pretrained(NAME), RunError, "model.safetensors")
    assert etude.from_pretrained(NAME, revision=first).test == run.test
    fails(lambda: etude.from_pretrained(NAME, revision="v9"), DataError, "no such commit")


def test_a_copy_in_the_cache_needs_no_request(pushed, run, monkeypatch):
    message = fails(lambda: etude.from_pretrained(NAME, local_files_only=True), DataError, "cache")
    assert "without local_files_only" in message and not pushed.asked
    etude.from_pretrained(NAME)
    pushed.asked.clear()
    assert etude.from_pretrained(NAME, local_files_only=True).test == run.test
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert etude.from_pretrained(NAME).test == run.test
    assert not pushed.asked
    blob = next(Path(constants.HF_HUB_CACHE).rglob("model.safetensors")).resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    fails(lambda: etude.from_pretrained(NAME), DataError, "in the cache is damaged")


CHILD = """
import json, numpy as np, etude
x = np.random.default_rng(0).integers(0, 17, (5, 1, 8, 8)).astype(np.uint8)
run = etude.from_pretrained("ada/mlp-digits")
print(json.dumps([run.predict(x), run.test]))
"""


def test_a_fresh_process_with_an_empty_cache_predicts_the_same(pushed, run, digits, tmp_path):
    environment = {
        **os.environ, "HF_ENDPOINT": pushed.address, "HF_TOKEN": TOKEN, "OMP_NUM_THREADS": "1",
        "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(Path(etude.__file__).parents[1]),
    }  # fmt: skip
    words = [sys.executable, "-c", CHILD]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr and not leaks(tmp_path)
    assert json.loads(done.stdout) == json.loads(json.dumps([run.predict(digits), run.test]))


def test_the_commands(hub, run, workdir, capsys):
    def said(*words):
        code = None
        try:
            cli.main([str(word) for word in words])
        except SystemExit as left:
            code = left.code
        found = capsys.readouterr()
        assert not code, found.err
        return found

    copy = etude.from_pretrained(run.save_pretrained(workdir / "x")).save("runs/mine").path
    folder = json.loads(said("push", copy, NAME, "--dry", "--json").out)["folder"]
    assert not hub.asked and Path(folder) == copy / "export" / "hub"
    assert json.loads(said("push", copy, NAME, "--dry", "--json").out)["folder"] == folder
    out = said("push", copy, NAME, "--dry", "--license", "mit").out
    assert "hub-2" in out and "nothing was uploaded" in out
    first = said("push", "mine", NAME)
    assert "It is private: only its owner sees it." in first.out and "No license" in first.err
    assert hub.repos[NAME].files == {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in Path(folder).rglob("*") if p.is_file()
    }  # fmt: skip
    assert json.loads(said("push", "mine", NAME, "--json").out)["changed"] == []
    assert "올릴 것이 없습니다" in said("push", "mine", NAME, "--lang", "ko").out
    assert "runs/mlp-digits: MLP on digits, test accuracy" in said("pull", NAME).out
    assert etude.load("mlp-digits").test == run.test
    with pytest.raises(SystemExit):
        cli.main(["pull", NAME])
    assert "--out" in capsys.readouterr().err
    sha = hub.repos[NAME].commits[0][0]
    assert "elsewhere" in said("pull", f"{NAME}@{sha}", "--out", "elsewhere").out
    assert etude.load("elsewhere").test == run.test


# Faults -------------------------------------------------------------------------------------------

ECHO = f"Authorization: Bearer {TOKEN} \x1b[31m".encode()
"""What a saboteur answers: the token that it was sent, and a code for the terminal."""


def echoing(code, where):
    return lambda method, path: (code, ECHO) if where in f"{method} {path}" else None


PUSHES = {
    (401, "GET /api/models"): (UsageError, "does not accept the access token", "HF_TOKEN"),
    (401, "repos/create"): (UsageError, "does not accept the access token", "HF_TOKEN"),
    (403, "repos/create"): (UsageError, "may not write to ada/mlp-digits", "HF_TOKEN"),
    (403, "preupload"): (UsageError, "may not write to ada/mlp-digits"),
    (404, "preupload"): (DataError, "no repository ada/mlp-digits"),
    (409, "commit/main"): (DataError, "changed by somebody else", "push again"),
    (412, "commit/main"): (DataError, "changed by somebody else", "push again"),
    (413, "commit/main"): (DataError, "too large"),
    (400, "commit/main"): (DataError, "refuses the request", "--license"),
    (429, "repos/create"): (DataError, "too many requests"),
    (500, "GET /api/models"): (DataError, "with 500", "again"),
    (200, "GET /api/models"): (DataError, "not that of a Hub"),
    (200, "repos/create"): (DataError, "not that of a Hub"),
    (200, "preupload"): (DataError, "not that of a Hub"),
    (200, "batch"): (DataError, "not that of a Hub"),
}


@pytest.mark.parametrize("fault", PUSHES, ids=lambda fault: f"{fault[0]} {fault[1]}")
def test_each_fault_of_a_push_has_a_sentence_without_the_token(
    hub, run, fault, caplog, capfd, monkeypatch, tmp_path
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    caplog.set_level(0)
    hub.fault = echoing(*fault)
    kind, *words = PUSHES[fault]
    fails(lambda: run.push(NAME), kind, *words)
    out, err = capfd.readouterr()
    assert TOKEN not in out + err + caplog.text and not out
    assert not leaks(tmp_path)
    assert NAME not in hub.repos or not hub.repos[NAME].commits, "half of a push is there"


def test_metadata_that_the_hub_refuses(hub, run):
    body = json.dumps({"errors": [{"message": ECHO.decode()}], "warnings": []}).encode()
    hub.fault = lambda method, path: (400, body) if "validate" in path else None
    fails(lambda: run.push(NAME, license="nosuch"), DataError, "--license")


def test_the_error_says_where_the_token_comes_from(hub, run, monkeypatch):
    hub.users.clear()
    assert "the environment variable HF_TOKEN" in fails(lambda: run.push(NAME), UsageError)
    monkeypatch.delenv("HF_TOKEN")
    fails(lambda: run.push(NAME), UsageError, "no access token", "hf auth login")
    Path(constants.HF_TOKEN_PATH).write_text(TOKEN)
    assert "the login of huggingface_hub" in fails(lambda: run.push(NAME), UsageError)


def test_a_private_repository_is_missing_for_strangers(pushed, run, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert "comes from: none" in fails(lambda: etude.from_pretrained(NAME), DataError, "private")
    fails(lambda: etude.from_pretrained("ada/nosuch"), DataError, "no repository ada/nosuch")
    assert etude.from_pretrained(NAME, token=TOKEN).test == run.test
    wrong = fails(lambda: etude.from_pretrained(NAME, token="hf_wrong"), DataError, "argument")
    assert "hf_wrong" not in wrong


PULLS = {
    (401, "GET /api/models"): (UsageError, "does not accept"),
    (403, "GET /api/models"): (UsageError, "restricted", "Request access"),
    (404, "HEAD"): (DataError, "no repository"),
    (500, "GET /api/models"): (DataError, "with 500"),
    (200, "GET /api/models"): (DataError, "not that of a Hub"),
}


@pytest.mark.parametrize("fault", PULLS, ids=lambda fault: f"{fault[0]} {fault[1]}")
def test_each_fault_of_a_pull_has_a_sentence_without_the_token(
    pushed, fault, workdir, caplog, capfd, monkeypatch
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    caplog.set_level(0)
    pushed.fault = echoing(*fault)
    kind, *words = PULLS[fault]
    fails(lambda: etude.verbs.pull(NAME), kind, *words)
    assert TOKEN not in "".join(capfd.readouterr()) + caplog.text
    assert not (workdir / "runs").exists(), "half of a run is there"


def test_a_server_that_cannot_be_reached(hub, run, monkeypatch, workdir):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://user:{TOKEN}@127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(constants, "ENDPOINT", nobody)
    for call in (lambda: run.push(NAME), lambda: etude.verbs.pull(NAME)):
        assert "user" not in fails(call, DataError, "cannot be reached", "HF_HUB_OFFLINE=1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    fails(lambda: etude.verbs.pull(NAME), DataError, "cache")


def test_an_interrupted_transfer_can_be_repeated(pushed, run, workdir, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    pushed.cut = {"model.safetensors"}
    fails(lambda: etude.verbs.pull(NAME), DataError, "interrupted", "again")
    assert not (workdir / "runs").exists()
    pushed.cut = set()
    assert etude.verbs.pull(NAME).test == run.test


def test_a_file_with_another_hash_is_refused_and_not_kept(pushed, run, workdir):
    pushed.lies = {"model.safetensors"}
    fails(lambda: etude.verbs.pull(NAME), DataError, "model.safetensors", "hash")
    assert not (workdir / "runs").exists()
    cache = Path(constants.HF_HUB_CACHE)
    assert not [*cache.rglob("model.safetensors")]
    pushed.lies = set()
    assert etude.verbs.pull(NAME).test == run.test


def test_a_missing_file_is_named_before_anything_is_downloaded(pushed):
    repo = pushed.repos[NAME]
    repo.commit({k: v for k, v in repo.files.items() if k != "recipe.json"})
    fails(lambda: etude.from_pretrained(NAME), RunError, "recipe.json")
    assert not [line for line in pushed.asked if line.startswith("GET /ada")]


def test_a_file_that_is_too_large_is_not_downloaded(pushed):
    pushed.sizes = {"model.safetensors": 1 << 50}
    message = fails(lambda: etude.from_pretrained(NAME), DataError, "model.safetensors")
    assert "was not downloaded" in message
    assert not [line for line in pushed.asked if line.endswith("resolve/model.safetensors")]


def test_a_commit_that_did_not_arrive_is_noticed(hub, run, monkeypatch):
    real = hub.commit
    monkeypatch.setattr(
        hub, "commit", lambda n, repo, body: real(n, repo, body.replace(b"README", b"READNE"))
    )
    fails(lambda: run.push(NAME), DataError, "as they were uploaded")


def test_digests_are_those_of_git_and_of_lfs():
    # `printf hello | git hash-object --stdin`
    assert remote.digest(b"hello", 40) == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
    assert remote.digest(b"", 64) == digest("x.bin", b"")
    assert not remote.Stored(1, "").is_(b"x")
