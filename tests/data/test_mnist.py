"""MNIST and Fashion-MNIST: where they are looked for, that content is checked, that sizes fit."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etude.data import fashion_mnist, mnist, mnist_files
from etude.errors import DataError
from tests.data.notes import english

MODULES = {"mnist": mnist, "fashion-mnist": fashion_mnist}


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim])
    return head + b"".join(side.to_bytes(4) for side in array.shape) + array.tobytes()


@pytest.fixture(params=list(MODULES))
def small(request, monkeypatch, tmp_path):
    """The module with a table for four small files, and those files' content; nothing is found."""
    module = MODULES[request.param]
    random = np.random.Generator(np.random.Philox(1))
    contents = {}
    for file, count in zip(module.PUBLISHED.files, (50, 50, 20, 20), strict=True):
        shape = (count, 28, 28) if "images" in file.name else (count,)
        values = random.integers(0, 256, shape) if len(shape) == 3 else np.arange(count) % 10
        contents[file.name] = idx(values.astype(np.uint8))
    files = tuple(
        replace(
            file,
            size=len(gzip.compress(contents[file.name], mtime=0)),
            md5=hashlib.md5(gzip.compress(contents[file.name], mtime=0)).hexdigest(),
            sha256=hashlib.sha256(contents[file.name]).hexdigest(),
        )
        for file in module.PUBLISHED.files
    )
    url = "http://127.0.0.1:9/"  # nobody listens there
    published = replace(module.PUBLISHED, files=files, packaged=(str(tmp_path / "sys"),), url=url)
    monkeypatch.setattr(module, "PUBLISHED", published)
    monkeypatch.setenv("ETUDE_DATA", str(tmp_path / "mine"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    return module, contents


def put(folder: Path, contents, pack=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        if pack:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize("place", ["mine/NAME", "mine", "sys", "cache/etude/NAME"])
@pytest.mark.parametrize("pack", [True, False])
def test_found_in_each_place_packed_or_not(small, tmp_path, place, pack):
    module, contents = small
    put(tmp_path / place.replace("NAME", module.PUBLISHED.name), contents, pack)
    raw = module.load(mnist_files.Config())
    assert raw.name == module.PUBLISHED.name and len(raw.classes) == 10
    assert raw.train.x.shape == (50, 1, 28, 28) and raw.test.x.shape == (20, 1, 28, 28)
    assert raw.train.x.dtype == np.uint8 and raw.train.y.dtype == np.int64
    expected = np.frombuffer(contents["t10k-images-idx3-ubyte"][16:], np.uint8)
    np.testing.assert_array_equal(raw.test.x.reshape(-1), expected)
    np.testing.assert_array_equal(raw.test.y, np.arange(20) % 10)


def test_my_folder_comes_before_the_systems(small, tmp_path):
    module, contents = small
    put(tmp_path / "sys", contents)
    put(tmp_path / "mine" / module.PUBLISHED.name, contents)
    found = mnist_files.locate(module.PUBLISHED)
    assert {path.parent.parent.name for path in found} == {"mine"}


def test_other_content_is_refused_by_name(small, tmp_path):
    module, contents = small
    name = "train-labels-idx1-ubyte"
    contents[name] = contents[name][:-2] + b"\x01\x02"
    put(tmp_path / "sys", contents)
    with pytest.raises(DataError, match=rf"{name}\.gz: differs from the published file"):
        module.load(mnist_files.Config())


def test_fetched_into_the_cache_once(small, tmp_path, monkeypatch):
    module, contents = small
    fetched = []

    def fetch(url, path, *, size, md5, progress, by_hand):
        fetched.append(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = gzip.compress(contents[path.stem], mtime=0)
        assert (len(content), hashlib.md5(content).hexdigest()) == (size, md5)
        path.write_bytes(content)

    monkeypatch.setattr(mnist_files, "fetch", fetch)
    first, second = module.load(mnist_files.Config()), module.load(mnist_files.Config())
    assert fetched == [f"{module.PUBLISHED.url}{name}.gz" for name in contents]
    np.testing.assert_array_equal(first.train.x, second.train.x)
    cache = tmp_path / "cache" / "etude" / module.PUBLISHED.name
    assert sorted(p.stem for p in cache.iterdir()) == sorted(contents)


def test_without_a_network_it_says_where_files_go(small, tmp_path, monkeypatch):
    module, _ = small
    monkeypatch.setattr("etude.data.download.time.sleep", lambda _: None)
    with pytest.raises(DataError) as caught:
        module.load(mnist_files.Config())
    told = str(caught.value)
    assert "ETUDE_DATA" in told and "train-images-idx3-ubyte.gz" in told
    assert str(tmp_path / "cache" / "etude" / module.PUBLISHED.name) in told
    assert "-> 네트워크가 없으면 다음 파일을" in caught.value.message("ko")


def test_another_size(small, tmp_path):
    module, contents = small
    put(tmp_path / "sys", contents)
    raw = module.load(mnist_files.Config(size=32))
    assert raw.train.x.shape == (50, 1, 32, 32) and raw.test.x.shape[2:] == (32, 32)
    assert english(raw.notes) == ("sizes 28x28 brought to 32x32",)
    same = module.load(mnist_files.Config(size=28))
    np.testing.assert_array_equal(same.train.x, module.load(mnist_files.Config()).train.x)
    assert english(same.notes) == ()
    # The middle of a bilinear enlargement stays near the original's.
    assert abs(float(raw.train.x.mean()) - float(same.train.x.mean())) < 2


def test_the_published_files_where_this_machine_has_them(tmp_path, monkeypatch):
    """The tables above all are for these; elsewhere the tables' own form is what can be judged."""
    for module in MODULES.values():
        published = module.PUBLISHED
        have = any(
            all(mnist_files._in(folder, file.name) for file in published.files)
            for folder in mnist_files.folders(published)
        )
        if have:
            raw = module.load(mnist_files.Config())
            assert raw.train.x.shape == (60_000, 1, 28, 28)
            assert raw.test.x.shape == (10_000, 1, 28, 28)
            assert set(np.bincount(raw.test.y)) == {1000} or published.name == "mnist"
        assert [len(file.md5) for file in published.files] == [32] * 4
        assert [len(file.sha256) for file in published.files] == [64] * 4
        assert published.url.startswith(("http://", "https://")) and published.url.endswith("/")
