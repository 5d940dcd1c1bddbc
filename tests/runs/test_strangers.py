"""A run folder is read as if a stranger had made it. See also tests/faults/test_hostile.py."""

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from etude.config import Config
from etude.data.card import Card
from etude.data.validate import validate_card
from etude.errors import DataError, RunError, StorageError, UsageError
from etude.recipe import read_recipe
from etude.results import parse
from etude.runs import files, snapshot
from etude.runs.checkpoint import HEADER, Checkpoint, commit, load, tensors
from etude.runs.folder import RunFolder
from etude.runs.jsonl import append, lines
from etude.runs.workspace import Workspace
from etude.system import limits
from tests.faults.parsers import CARD, ROWS, SERIES


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run" / "inner").mkdir(parents=True)
    (tmp_path / "run" / "inner" / "file").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "run"


def refused(folder, name, most=1 << 20):
    with pytest.raises(RunError) as error:
        files.read(folder, name, most)
    return str(error.value)


def test_a_file_inside_is_read_whole(folder):
    assert files.read(folder, "inner/file", 7) == b"content"
    assert "has 7 bytes; 6 is the most read" in refused(folder, "inner/file", 6)


def test_links_are_not_followed_at_any_depth(folder):
    (folder / "last").symlink_to(folder.parent / "secret")
    (folder / "outer").symlink_to(folder / "inner")
    assert "is a link, not a file" in refused(folder, "last")
    assert "its folder outer is a link, not a folder" in refused(folder, "outer/file")
    assert "is a folder, not a file" in refused(folder, "inner")
    for name in ("../secret", "inner/../file", "", "inner//file", "/etc/passwd", "inner/./file"):
        assert "is no name inside the run" in refused(folder, name)
    assert "No such file" in refused(folder, "nothing")


def test_the_folder_itself_may_be_a_link_of_the_users(folder):
    (folder.parent / "mine").symlink_to(folder)
    assert files.read(folder.parent / "mine", "inner/file", 99) == b"content"


@pytest.mark.parametrize("kind", ["pipe", "socket", "sparse"])
def test_what_is_no_file_and_what_is_too_large_is_refused_at_once(folder, kind):
    path = folder / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, 0o140600)
    else:
        path.touch()
        os.truncate(path, 10 << 40)
    wanted = {"sparse": "is the most read"}.get(kind, f"is a {kind}, not a file")
    assert wanted in refused(folder, "x")


def test_a_pipe_in_the_way_of_writing_is_not_waited_for(folder):
    os.mkfifo(folder / ".tmp-best.json")
    with pytest.raises(StorageError, match=r"best\.json"):
        files.replace(folder / "best.json", b"{}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[1]", "is a list, not a JSON object"),
        (b'{"a": ' * 40 + b"1" + b"}" * 40, "nests more than 32 deep"),
        (b"[" * 100_000, "nests too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "4300"),
        (b'{"a": "\\ud800"}', "surrogates"),
        (b'{"a": "\xff"}', "utf-8"),
    ],
)
def test_json_that_is_none_of_ours(text, why):
    with pytest.raises(ValueError, match=why):
        limits.parse_json(text)


def test_json_that_is_ours():
    pair = {"a": [1, {"b": None}], "c": "\N{MUSICAL SYMBOL G CLEF}"}
    assert limits.parse_json(json.dumps(pair).encode()) == pair
    nested = b'{"a": ' * 32 + b"1" + b"}" * 32
    assert limits.parse_json(nested)


def test_a_recipe_that_is_a_pipe_or_endless_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    (tmp_path / "big.json").touch()
    os.truncate(tmp_path / "big.json", 1 << 40)
    for name, why in (("pipe", "a pipe"), ("zero", "a device"), ("big", "most read")):
        with pytest.raises(UsageError, match=why):
            read_recipe(tmp_path / f"{name}.json")


# The folder -------------------------------------------------------------------------------------


@pytest.fixture
def run(workdir):
    run = Workspace(Path("runs")).create("x")
    run.begin({"model": 1}, {})
    run.release()
    append(run.metrics, ROWS[0])
    append(run.timing, ROWS[3])
    return run


@pytest.mark.parametrize(
    "name", ["metrics.jsonl", "timing.jsonl", "LOCK", "report.html", "pictures"]
)
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_run_whose_parts_lead_elsewhere_is_not_opened(run, workdir, name, kind):
    """Else to resume it would cut, append to or fill what a link points to."""
    path = run.path / name
    if path.exists():
        path.rename(workdir / "outside")
    path.symlink_to(workdir / "outside") if kind == "link" else os.mkfifo(path)
    with pytest.raises(RunError, match=f"is a {kind}, not a"):
        RunFolder.open(run.path)


def test_links_below_a_run_are_not_listed(run, workdir):
    (workdir / "other").mkdir()
    (workdir / "other" / "recipe.json").write_text("{}")
    (run.path / "inner").symlink_to(workdir / "other")
    (run.path / "loop").symlink_to(run.path / "loop")
    (run.path.parent / "mine").symlink_to(workdir / "other")
    assert {str(found.path) for found in Workspace(Path("runs")).runs()} == {"runs/x", "runs/mine"}


def test_rows_that_readers_could_not_use_are_named(run):
    for event, change in (
        ("epoch", {"train": {}}),
        ("epoch", {"val": {"mae": "1"}}),
        ("end", {"goal": "beauty"}),
        ("end", {"goal": [1]}),
        ("end", {"test": {"mae": None}}),
        ("end", {"baseline": {"what": 1}}),
        ("end", {"test": {"mae": 1.0, "accuracy_95": [1.0], "samples": 3}}),
    ):
        row = {**next(r for r in ROWS if r.get("event") == event), **change}
        with pytest.raises(ValueError, match=r".") as error:
            parse(row)
        assert len(str(error.value)) < 1000
    append(run.metrics, {**ROWS[1], "val": {"other": 1.0}})
    with pytest.raises(RunError, match="different measures"):
        lines(run.metrics)


def test_good_rows_and_rows_of_later_versions_pass(run):
    append(run.metrics, {"event": "news", "of": "a later version"})
    append(run.metrics, ROWS[1])
    append(run.metrics, ROWS[2])
    assert [row.event for row in lines(run.metrics)] == ["epoch", "news", "epoch", "end"]
    assert run.result == parse(ROWS[2])


# Checkpoints and snapshots ----------------------------------------------------------------------


def test_a_checkpoint_with_numbers_that_are_not_finite_is_damaged(tmp_path):
    for value in (np.nan, np.inf):
        model = {"a": np.array([1.0, value], np.float32)}
        commit(tmp_path / str(value), Checkpoint(1, model, {}, {}))
        with pytest.raises(RunError, match="a has values that are not finite"):
            load(tmp_path / str(value), 1)


@pytest.mark.parametrize(
    ("kind", "shape", "why"),
    [
        ("F8_E4M3", [8], "F8_E4M3"),
        ("C64", [1], "complex"),
        ("F32", [2**62, 4], r"."),
        ("F32", [-1], r"."),
    ],
)
def test_tensors_that_are_none_of_ours(kind, shape, why):
    entry = {"w": {"dtype": kind, "shape": shape, "data_offsets": [0, 8]}}
    header = json.dumps(entry).encode()
    with pytest.raises(ValueError, match=why):
        tensors(len(header).to_bytes(8, "little") + header + bytes(8))


def test_a_list_of_tensors_that_is_too_long_is_not_read():
    with pytest.raises(ValueError, match=f"{HEADER + 1:,} bytes"):
        tensors((HEADER + 1).to_bytes(8, "little"))


def packed(method=zipfile.ZIP_DEFLATED, **members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_snapshots_come_back_and_strangers_are_refused(run, monkeypatch):
    images = np.arange(32, dtype=np.uint8).reshape(2, 1, 4, 4)
    run.snapshot(3, "samples", {"samples": images})
    ((step, arrays),) = run.snapshots_of("samples")
    assert step == 3 and (arrays["samples"] == images).all()
    with pytest.raises(RunError, match="no array 'originals'"):
        arrays["originals"]
    for content, why in (
        (packed(a=npy(np.array([{}], dtype=object))), "images"),
        (packed(a=npy(images.astype(np.float32))), "images"),
        (packed(a=npy(images)[:-1]), "images"),
        (packed(zipfile.ZIP_LZMA, a=npy(images)), "method 14"),
        (b"PK", "zip"),
    ):
        with pytest.raises(ValueError, match=why):
            snapshot.unpack(content)
    monkeypatch.setattr(snapshot, "MAX_UNPACKED", 100)
    with pytest.raises(ValueError, match="unpacks to"):
        snapshot.unpack(packed(a=npy(images)))


def test_a_member_that_unpacks_to_more_than_it_says_is_not_unpacked_whole():
    raw = bytearray(packed(a=bytes(1 << 20)))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (99).to_bytes(4, "little")
    with pytest.raises(ValueError, match=r"CRC|says|more|magic"):
        snapshot.unpack(bytes(raw))


# Cards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("good", [CARD, SERIES])
def test_a_card_that_can_be_is_taken_as_it_is(good):
    card = Card.read(good, "card")
    assert validate_card(card) is card


@pytest.mark.parametrize(
    "notes",
    [[1], [None], [{}], [{"key": 1}], [{"key": "x", "values": 3}], [{"key": "x", "text": "y"}]],
)
def test_a_card_with_damaged_notes_is_refused(notes):
    with pytest.raises(UsageError, match="notes"):
        Card.read({**CARD, "notes": notes}, "card")


@pytest.mark.parametrize(
    "change",
    [
        {"shape": []},
        {"shape": [1, 0, 8]},
        {"shape": [1, -8, -8]},
        {"shape": [1, 1 << 20, 1 << 20]},
        {"outputs": 2},
        {"classes": ["a", "a", "b"]},
        {"std": [0.0]},
        {"std": []},
        {"mean": [1.0, 2.0]},
        {"y_mean": [1.0]},
        {"target": "forecast"},
        {"target": "value"},
        {"season": -1},
        {"season": 99},
        {"padded": True},
        {"kind": "vector"},
        {"shape": [1, 8, 10**4000]},
    ],
)
def test_a_card_that_cannot_be_is_refused_in_words(change):
    with pytest.raises(DataError) as error:
        validate_card(Card.read({**CARD, **change}, "card"))
    assert error.value.items


def test_a_long_value_is_not_repeated_whole():
    class Small(Config):
        x: int

    with pytest.raises(UsageError) as error:
        Small.read({"x": "y" * 10**6})
    assert len(str(error.value)) < 2000
