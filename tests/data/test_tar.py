"""WebDataset shards: samples, labels, splits, and archives that are refused."""

import gzip
import io
import json
import tarfile
import tracemalloc
import zlib

import numpy as np
import pytest

from etude.data import gunzip, tar
from etude.data.locate import source_for, with_source
from etude.data.tar import Config, load
from etude.errors import DataError
from etude.recipe import Part
from tests.data.notes import english
from tests.data.test_folder import picture


def encoded(seed, form="PNG"):
    buffer = io.BytesIO()
    picture(seed).save(buffer, form)
    return buffer.getvalue()


def add(archive, name, content=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def shard(path, indices, label=lambda i: {"cls": str(i % 2).encode()}, form=tarfile.PAX_FORMAT):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as archive:
        for i in indices:
            add(archive, f"{i:04}.png", encoded(i))
            for ending, content in label(i).items():
                add(archive, f"{i:04}.{ending}", content)
    return path


def read(path, **more):
    return load(Config(path=str(path), **more))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        read(path, **more)
    return caught.value


def number(name):
    """The number of a sample in its name: "train-0.tar/0007.png"."""
    return int(name.split("/")[1].split(".")[0])


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_one_shard_is_divided_by_its_seed(tmp_path, form):
    path = shard(tmp_path / "x.tar", range(40), form=form)
    raw = read(path)
    assert (raw.name, raw.kind, raw.target, raw.classes) == ("x", "image", "class", ("0", "1"))
    assert (len(raw.train), len(raw.test), raw.val) == (32, 8, None)
    for split in (raw.train, raw.test):
        for name, y, x in zip(split.names, split.y, split.x, strict=True):
            assert y == number(name) % 2
            np.testing.assert_array_equal(x[0], np.asarray(picture(number(name))))
    assert read(path, split_seed=1).test.names != raw.test.names


def test_shards_are_splits_by_their_names(tmp_path):
    shard(tmp_path / "train-000.tar", range(20))
    shard(tmp_path / "train-001.tar", range(20, 40))
    shard(tmp_path / "set_val_0.tar", range(40, 50))
    shard(tmp_path / "test-000.tar", range(50, 61, 2))
    raw = read(tmp_path)
    assert (len(raw.train), len(raw.val), len(raw.test)) == (40, 10, 6)
    assert set(raw.test.y.tolist()) == {0} and raw.classes == ("0", "1")
    assert {number(name) for name in raw.val.names} == set(range(40, 50))
    assert source_for(tmp_path) == source_for(tmp_path / "test-000.tar") == "tar"
    pattern = str(tmp_path / "train-*.tar")
    part = with_source(Part.read({"name": pattern}, "data"))
    assert (part.name, part.fields["path"]) == ("tar", pattern)
    assert len(read(pattern).train) + len(read(pattern).test) == 40
    (tmp_path / "test-000.tar").unlink()
    raw = read(tmp_path)
    assert (len(raw.train), len(raw.test), raw.val) == (40, 10, None)
    assert "no test shard: the validation shards are the test split" in english(raw.notes)
    shard(tmp_path / "more.tar", range(70, 80))
    assert "more.tar" in str(refused(tmp_path))


TRUTH = ("false", "true")


@pytest.mark.parametrize(
    ("label", "target", "classes"),
    [
        (lambda i: {"txt": [b"cat\n", "개".encode()][i % 2]}, "class", ("cat", "개")),
        (
            lambda i: {"json": json.dumps({"label": i % 2 == 0}).encode()},
            "class",
            ("false", "true"),
        ),
        (lambda i: {"json": json.dumps({"label": i + 0.5}).encode()}, "value", ()),
        (lambda i: {"cls": str(i // 2 + 1).encode()}, "class", tuple(map(str, range(1, 21)))),
        (lambda i: {"txt": b"a caption", "cls": str(i % 2).encode()}, "class", ("0", "1")),
    ],
)
def test_labels_of_every_form(tmp_path, label, target, classes):
    raw = read(shard(tmp_path / "x.tar", range(40), label))
    assert (raw.target, raw.classes) == (target, classes)


def test_names_with_further_dots_and_folders(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        add(archive, "d", type=tarfile.DIRTYPE)
        add(archive, "d/._0.png", b"made by macOS")
        for i in range(20):
            add(archive, f"./d/{i}.mask.png", encoded(i + 100))
            add(archive, f"./d/{i}.JPG", encoded(i, "JPEG"))
            add(archive, f"./d/{i}.cls", b"%d" % (i % 2))
    raw = read(tmp_path / "x.tar")
    assert len(raw.train) + len(raw.test) == 20 and raw.train.names[0].endswith(".jpg")


def test_bad_samples_are_named_and_can_be_left_out(tmp_path):
    path = tmp_path / "x.tar"
    shard(path, range(40))
    with tarfile.open(path, "a") as archive:
        add(archive, "a.png", b"no picture")
        add(archive, "a.cls", b"1")
        add(archive, "b.png", encoded(900))
        add(archive, "c.cls", b"1")
        add(archive, "e.png", encoded(901)[:-30])
        add(archive, "e.cls", b"1")
        add(archive, "f.png", b"")
        add(archive, "f.cls", b"1")
    items = english(refused(path).items)
    assert [item.split(":")[0] for item in items] == [
        "x.tar/a.png", "x.tar/b.png", "x.tar/c", "x.tar/e.png", "x.tar/f.png"
    ]  # fmt: skip
    raw = read(path, skip_bad=True)
    assert len(raw.train) + len(raw.test) == 40 and len(raw.left_out) == 5


HOSTILE = [
    ("../up.png", {}, "leads out"),
    ("d/../../up.png", {}, "leads out"),
    ("/etc/up.png", {}, "leads out"),
    ("C:\\up.png", {}, "leads out"),
    ("l.png", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "is a link"),
    ("h.png", {"type": tarfile.LNKTYPE, "linkname": "0001.png"}, "is a link"),
    ("p.png", {"type": tarfile.FIFOTYPE}, "is a link, a device"),
    ("d.png", {"type": tarfile.CHRTYPE}, "is a link, a device"),
    ("0001.png", {}, "two files .png"),
]


@pytest.mark.parametrize(("name", "more", "why"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_members_are_refused(tmp_path, name, more, why):
    path = shard(tmp_path / "x.tar", range(10))
    with tarfile.open(path, "a") as archive:
        add(archive, name, b"" if more else encoded(1), **more)
    for skip in (False, True):
        error = refused(path, skip_bad=skip)
        assert len(error.items) == 1 and why in english(error.items)[0]


def patched(path, size, kind=tarfile.REGTYPE, name="z.png"):
    """An archive whose last header declares `size` bytes that it does not have."""
    with tarfile.open(path, "a", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size, info.type = size, kind
        archive.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
        archive.offset += 512
    return path


@pytest.mark.parametrize("size", [10**6, 2**40, 2**62, -512, -(2**40)])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_sizes_beyond_the_file(tmp_path, size, kind):
    path = patched(shard(tmp_path / "x.tar", range(4)), size, kind)
    assert "damaged" in str(refused(path))


def test_files_that_are_no_archives(tmp_path):
    path = tmp_path / "x.tar"
    for content in (b"", b"\0" * 2000, b"hello" * 500, b"\x1f\x8b" + bytes(600)):
        path.write_bytes(content)
        assert "x.tar" in str(refused(path))
    whole = shard(path, range(10)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2 + 100])
    assert "damaged" in str(refused(path))
    broken = bytearray(whole)
    second = whole.index(b"0005.png")
    broken[second : second + 100] = b"\xff" * 100
    path.write_bytes(bytes(broken))
    assert "no header at byte" in str(refused(path))
    (tmp_path / "empty").mkdir()
    assert "no .tar" in str(refused(tmp_path / "empty"))
    assert "no pictures and no labels" in english(refused(shard(path, [])).items)[0]


def test_a_large_label_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tar, "LABEL", 10)
    path = shard(tmp_path / "x.tar", range(20))
    with tarfile.open(path, "a") as archive:
        add(archive, "a.png", encoded(900))
        add(archive, "a.cls", b"1" * 11)
    assert english(refused(path).items) == ("x.tar/a.png: has a label of 11 bytes (.cls)",)


def test_shards_decoded_on_disk(tmp_path):
    path = shard(tmp_path / "x.tar", range(20))
    held = read(path)
    kept = read(path, cache=str(tmp_path / "kept"))
    np.testing.assert_array_equal(held.train.x, kept.train.x[:])
    shard(path, range(1, 21))
    other = read(path, cache=str(tmp_path / "kept"))
    np.testing.assert_array_equal(read(path).train.x, other.train.x[:])
    assert not np.array_equal(other.train.x[:], held.train.x)


def gzipped(path, plain, level=6):
    """The archive `plain` as gzip, in the place of the plain one."""
    path.write_bytes(gzip.compress(plain.read_bytes(), level))
    plain.unlink()
    return path


def same(one, other):
    """Whether two readings have equal pictures, labels and names, apart from those of shards."""
    for a, b in zip((one.train, one.test), (other.train, other.test), strict=True):
        np.testing.assert_array_equal(a.x[:], b.x[:])
        np.testing.assert_array_equal(a.y, b.y)
        assert [*map(number, a.names)] == [*map(number, b.names)]
    assert (one.classes, one.target) == (other.classes, other.target)


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "X.TAR.GZ", "misnamed.tar"])
def test_a_gzipped_shard_is_read_as_a_plain_one(tmp_path, name):
    plain = shard(tmp_path / "plain.tar", range(40))
    expected = read(plain)
    path = gzipped(tmp_path / name, plain)
    assert source_for(path) == source_for(tmp_path) == "tar"
    raw = read(path)
    same(raw, expected)
    assert raw.name == path.name.split(".")[0] and raw.train.names[0].startswith(path.name)
    kept = [read(path, cache=str(tmp_path / "kept")) for _ in range(2)]
    same(kept[1], expected)
    assert len([*(tmp_path / "kept").iterdir()]) == 1


def test_folders_and_patterns_may_mix(tmp_path):
    for name, indices in (("train-0", range(20)), ("train-1", range(20, 40)), ("val", range(50))):
        shard(tmp_path / f"{name}.tar", indices)
    shard(tmp_path / "test.tar", range(50, 60))
    expected = read(tmp_path)
    gzipped(tmp_path / "train-1.tgz", tmp_path / "train-1.tar")
    gzipped(tmp_path / "test.tar.gz", tmp_path / "test.tar")
    raw = read(tmp_path)
    same(raw, expected)
    assert (len(raw.train), len(raw.val), len(raw.test)) == (40, 50, 10)
    pattern = str(tmp_path / "t*t.tar.gz")
    assert with_source(Part.read({"name": pattern}, "data")).name == "tar"
    assert len(read(pattern).train) + len(read(pattern).test) == 10


def test_a_shard_that_is_there_twice_is_refused(tmp_path):
    plain = shard(tmp_path / "train-0.tar", range(20))
    content = plain.read_bytes()
    gzipped(tmp_path / "train-0.tar.gz", plain)
    plain.write_bytes(content)
    shard(tmp_path / "train-1.tar", range(20, 40))
    assert english(refused(tmp_path).items) == ("train-0.tar", "train-0.tar.gz")
    assert len(read(tmp_path / "train-*.tar").train)


def test_several_streams_and_zeros_between_them(tmp_path):
    plain = shard(tmp_path / "plain.tar", range(40))
    expected, whole = read(plain), plain.read_bytes()
    cuts = [0, 1, 700, 700, 5000, len(whole)]
    parts = [gzip.compress(whole[a:b]) + bytes(7) for a, b in zip(cuts, cuts[1:], strict=False)]
    path = tmp_path / "x.tar.gz"
    path.write_bytes(b"".join(parts))
    plain.unlink()
    same(read(path), expected)


def test_a_gzipped_shard_that_is_cut_off_names_the_byte(tmp_path):
    plain = shard(tmp_path / "plain.tar", range(40))
    path = gzipped(tmp_path / "x.tar.gz", plain)
    whole = path.read_bytes()
    # The last cut is inside the checksum, after all members.
    for cut in (5, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:cut])
        for error in (refused(path), refused(tmp_path, skip_bad=True)):
            assert f"x.tar.gz is cut off: its gzip stream ends at byte {cut:,}," in str(error)
            assert f"{cut:,}바이트 위치" in error.message("ko")
        unpacked = len(zlib.decompressobj(31).decompress(whole[:cut]))
        assert f"({unpacked:,} bytes unpacked)" in str(error)


def test_a_damaged_gzipped_shard_is_refused(tmp_path):
    plain = shard(tmp_path / "plain.tar", range(40))
    path = gzipped(tmp_path / "x.tar.gz", plain)
    whole = path.read_bytes()
    for change, told in (
        (whole[:-8] + bytes(4) + whole[-4:], "incorrect data check"),
        (whole + b"more", "incorrect header check"),
        (whole[:100] + bytes(80) + whole[180:], "gzip stream cannot be read after byte 0"),
        (gzip.compress(b"no archive" * 500), "no tar archive"),
    ):
        path.write_bytes(change)
        assert told in str(refused(path)) and str(path) in str(refused(path))


@pytest.mark.parametrize(("name", "more", "why"), HOSTILE, ids=[name for name, _, _ in HOSTILE])
def test_hostile_members_of_gzipped_shards(tmp_path, name, more, why):
    plain = shard(tmp_path / "plain.tar", range(10))
    with tarfile.open(plain, "a") as archive:
        add(archive, name, b"" if more else encoded(1), **more)
    error = refused(gzipped(tmp_path / "x.tar.gz", plain))
    assert len(error.items) == 1 and why in english(error.items)[0]


@pytest.mark.parametrize("size", [10**6, 2**40, 2**62, -512])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME])
def test_sizes_beyond_a_gzipped_shard(tmp_path, size, kind):
    plain = patched(shard(tmp_path / "plain.tar", range(4)), size, kind)
    assert "damaged" in str(refused(gzipped(tmp_path / "x.tgz", plain)))


def test_a_picture_that_unpacks_to_gigabytes_takes_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(gunzip, "BYTES", 1 << 20)
    plain = shard(tmp_path / "plain.tar", range(20))
    with tarfile.open(plain, "a") as archive:
        add(archive, "a.png", bytes(40 << 20))
        add(archive, "a.cls", b"1")
    path = gzipped(tmp_path / "x.tgz", plain)
    tracemalloc.start()
    items = english(refused(path).items)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(items) == 1 and "x.tgz/a.png" in items[0] and "41,943,040" in items[0]
    assert peak < 3 * gunzip.CHUNK * gunzip.FACTOR < 120 << 20


def test_pieces_in_any_order(tmp_path, monkeypatch):
    monkeypatch.setattr(gunzip, "APART", 5000)
    monkeypatch.setattr(gunzip, "CHUNK", 600)
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 60, 200_000).astype(np.uint8).tobytes()
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(whole[:90_001]) + gzip.compress(whole[90_001:]))
    file = gunzip.Gunzip(path)
    for start, size in zip(rng.integers(0, 2e5, 300), rng.integers(0, 9000, 300), strict=True):
        assert file.piece(int(start), int(size)) == whole[start : start + size]
    assert 20 < len(file._marks) <= 256
    file.seek(199_990)
    assert (file.read(100), file.tell(), file.read(1)) == (whole[-10:], 200_000, b"")


def test_same_finds_a_wrong_pixel(tmp_path):
    raw, other = (read(shard(tmp_path / "x.tar", range(20))) for _ in range(2))
    same(raw, other)
    other.test.x[0, 0, 0, 0] ^= 1
    with pytest.raises(AssertionError):
        same(raw, other)


def test_read_finds_a_wrong_pixel(tmp_path):
    raw = read(shard(tmp_path / "x.tar", range(20)))
    raw.train.x[0, 0, 0, 0] ^= 1
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(
            raw.train.x[0, 0], np.asarray(picture(number(raw.train.names[0])))
        )
