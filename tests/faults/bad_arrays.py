"""Every kind of bad or odd array and .ts file that must be refused by name, or taken and told."""

import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from etude.assembly import Prepared
from tests.faults.kinds import Kind, error, taken

N = 40
Change = Callable[[dict[str, np.ndarray]], None]


def clean(count: int = N) -> dict[str, np.ndarray]:
    """x and y with which nothing is wrong, as float64 and classes."""
    random = np.random.Generator(np.random.Philox(5))
    return {"x": random.normal(size=(count, 4)), "y": np.arange(count) % 4}


# --- arrays --------------------------------------------------------------------------------------


def saved(change: Change, form: str = "npz") -> Callable[[Path], Path]:
    """Arrays, changed and saved: as one .npz, or as .npy files side by side."""

    def make(root: Path) -> Path:
        arrays = clean()
        change(arrays)
        if form == "npz":
            np.savez(root / "a.npz", **arrays)
            return root / "a.npz"
        for name, array in arrays.items():
            np.save(root / f"{name}.npy", array)
        return root

    return make


def put(name: str, row: int, value: float) -> Change:
    """One value in one row."""

    def change(arrays: dict[str, np.ndarray]) -> None:
        if name == "y":
            arrays["y"] = arrays["y"].astype(np.float64)
        arrays[name][row] = value

    return change


def use(**made: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Arrays made anew from x or y."""

    def change(arrays: dict[str, np.ndarray]) -> None:
        for name, function in made.items():
            arrays[name] = function(arrays[name.split("_")[0]])

    return change


def lengths(values: list[int]) -> Change:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays["x"] = np.ones((N, 5, 2))
        arrays["lengths"] = np.array([5] * (N - len(values)) + values)

    return change


def split(train_classes: int, test_classes: int) -> Change:
    """Given splits with so many classes."""

    def change(arrays: dict[str, np.ndarray]) -> None:
        x, y = arrays.pop("x"), arrays.pop("y")
        arrays |= {"x_train": x, "y_train": y % train_classes}
        arrays |= {"x_test": x + 1, "y_test": y % test_classes}

    return change


def leak(arrays: dict[str, np.ndarray]) -> None:
    split(4, 4)(arrays)
    arrays["x_test"][3] = arrays["x_train"][7]


def header(text: str, version: bytes = b"\1\0") -> bytes:
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(text))
    return b"\x93NUMPY" + version + size + text.encode()


def beside(x: bytes) -> Callable[[Path], Path]:
    """An x.npy of these bytes, and a good y.npy."""

    def make(root: Path) -> Path:
        np.save(root / "y.npy", clean()["y"])
        (root / "x.npy").write_bytes(x)
        return root / "x.npy"

    return make


def cut(share: float, form: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        place = saved(lambda arrays: None, form)(root)
        file = place if form == "npz" else root / "x.npy"
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        return place

    return make


def flipped(root: Path) -> Path:
    """One bit of a stored .npz, which its checksum does not forgive."""
    place = saved(lambda arrays: None)(root)
    content = bytearray(place.read_bytes())
    content[400] ^= 1
    place.write_bytes(content)
    return place


def bomb(root: Path) -> Path:
    """17 MB of zeros, packed a thousand times."""
    content = header("{'descr': '|u1', 'fortran_order': False, 'shape': (17000000, 1)}\n")
    with zipfile.ZipFile(root / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content + bytes(17_000_000))
    return root / "a.npz"


def target_is(target: str) -> Callable[[Prepared], bool]:
    return lambda parts: parts.dataset.card.target == target


def values_are_kept(parts: Prepared) -> bool:
    """Whether the numbers are those that were saved, whatever their order and bytes on disk."""
    data = parts.dataset
    found = np.concatenate([split.x for split in (data.train, data.val, data.test)])
    wanted = clean()["x"]
    return bool((np.sort(found, axis=0) == np.sort(wanted, axis=0)).all())


def rows() -> Iterator[Kind]:
    for form in ("npz", "npy"):
        for what, value, told in (
            ("NaN", np.nan, "NaN or infinite"),
            ("infinity", np.inf, "NaN or infinite"),
            ("minus infinity", -np.inf, "NaN or infinite"),
            ("1e39", 1e39, "float32 cannot hold"),
        ):
            for name in ("x", "y"):
                make = saved(put(name, 7, value), form)
                told_all = (f"row 7: {name} has", told)
                yield error(f"{form}: {what} in {name}", make, *told_all, left_out="row 7")
        yield error(
            f"{form}: Python objects", saved(use(y=lambda y: y.astype(object)), form), "y", "pickle"
        )
        shorter = saved(use(y=lambda y: y[:-1]), form)
        yield error(f"{form}: x and y of different length", shorter, "40 samples but y has 39")
        yield error(f"{form}: 0 rows", saved(use(x=lambda x: x[:0], y=lambda y: y[:0]), form), "x")
        for share in (0.1, 0.5, 0.99):
            name = "a.npz" if form == "npz" else "x.npy"
            yield error(f"{form}: cut at {share:.0%}", cut(share, form), name)


def arrays() -> Iterator[Kind]:
    yield error("npz: one bit flipped", flipped, "a.npz")
    yield error("npz: zip bomb", bomb, "x: unpacks from", "more than 100 times")
    yield error("npz: no zip", lambda root: text(root / "a.npz", "hello"), "is damaged")
    huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 9)}\n"
    yield error("npy: header says 72 TB", beside(header(huge)), "x.npy: says")
    deep = header("(" * 9000)
    yield error("npy: header of brackets", beside(deep), "x.npy: has a damaged header")
    long = header("{}", b"\2\0")[:8] + b"\xff\xff\xff\xff{}"
    yield error("npy: header of 4 GB", beside(long), "x.npy: has a header of 4,294,967,295 bytes")
    code = header("__import__('os').abort()\n")
    yield error("npy: header with code", beside(code), "x.npy: ")
    yield error("npy: a pickle", beside(b"\x80\4]\x94."), "x.npy: is not in the .npy format")
    yield error("npy: no y", lambda root: npy(root / "x.npy"), "has no y (it has x)")
    yield error("arrays: complex", saved(use(x=lambda x: x + 1j)), "x: holds complex numbers")
    yield error("arrays: text as x", saved(use(x=lambda x: x.astype(str))), "x: holds text")
    yield error("arrays: five axes", saved(use(x=lambda x: np.ones((N, 2, 2, 2, 2)))), "5 axes")
    yield error("arrays: one-hot y", saved(use(y=lambda y: np.eye(4, dtype=int)[y])), "argmax(1)")
    yield error("arrays: one class", saved(use(y=lambda y: y * 0)), "has only one class")
    yield error("arrays: class in test only", saved(split(3, 4)), "training does not have: '3'")
    once = saved(use(y=lambda y: np.arange(len(y)) * 3))
    yield error("arrays: every label once", once, "each of the 40 labels")
    yield error("arrays: lengths beyond the end", saved(lengths([6])), "row 39 says 6 steps")
    yield error("arrays: length 0", saved(lengths([0])), "row 39 says 0 steps")
    yield taken("arrays: unequal lengths", saved(lengths([1, 2])))
    yield taken("arrays: class in train only", saved(split(4, 3)))
    yield taken("arrays: twins", saved(leak), "(1): train row 7 (train) = test row 3 (test)")
    floats = saved(use(y=lambda y: y.astype(np.float32)))
    yield taken("arrays: y of floats", floats, holds=target_is("value"))
    for name, change in (("negative", lambda y: y - 2), ("with a gap", lambda y: y * 3)):
        told = "are the classes 0 to 3"
        yield taken(f"arrays: y {name}", saved(use(y=change)), told, holds=target_is("class"))
    yield taken("arrays: y of text", saved(use(y=lambda y: np.array(list("abcd"))[y])))
    for name, change in (
        ("Fortran order", np.asfortranarray),
        ("big-endian", lambda x: x.astype(">f8")),
    ):
        for form in ("npz", "npy"):
            made = saved(use(x=change), form)
            yield taken(f"{form}: {name}", made, holds=values_are_kept)
    constant = saved(use(x=lambda x: np.c_[x[:, :3], np.full(len(x), 3.0)]))
    yield taken("arrays: a feature that never changes", constant)


def npy(path: Path) -> Path:
    np.save(path, clean()["x"])
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


# --- sequences -----------------------------------------------------------------------------------

HEAD = "@problemName toy\n@classLabel true a b\n@data\n"
BAD_LINES = {
    "missing value": ("1,?,3:1,2,3:a", "step 2: the value is missing"),
    "NaN": ("1,NaN,3:1,2,3:b", "step 2: the value is missing"),
    "empty value": ("1,,3:1,2,3:a", "step 2: the value is missing"),
    "infinity": ("1,2,inf:1,2,3:b", "the value 'inf' is bad"),
    "1e400": ("1,2,3:1e400,2,3:a", "the value '1e400' is bad"),
    "1e39": ("1,2,3:1e39,2,3:a", "the value '1e39' is bad"),
    "a word": ("1,two,3:1,2,3:b", "the value 'two' is bad"),
    "decimal commas": ("1;5,2;5,3;5:1,2,3:a", "the value '1;5' is bad"),
    "NUL bytes": ("1,\0,3:1,2,3:b", "the value '\\x00' is bad"),
    "a number of 1,000,000 digits": (f"{'9' * 10**6},2,3:1,2,3:a", "is bad"),
    "one dimension too few": ("1,2,3:a", "has 1 dimension, 2 expected"),
    "one dimension too many": ("1,2:1,2:1,2:b", "has 3 dimensions, 2 expected"),
    "dimensions of unequal length": ("1,2,3:1,2:a", "have different lengths, 2 to 3"),
    "unknown class": ("1,2,3:1,2,3:c", "class 'c' is not in the header"),
    "no class": ("1,2,3:1,2,3", "class '1,2,3' is not in the header"),
    "a class alone": ("b", "has a class but no values"),
    "time stamps": ("(0,1),(1,2):(0,1),(1,2):a", "the value '(0' is bad"),
    "a line of text": ("hello", "class 'hello' is not in the header"),
}
"""A line that is no sequence, and what is said of it. Also hidden among 1,200."""


def lines(count: int = N, length: int = 3) -> list[str]:
    """Good lines, in turn of two classes."""
    found = []
    for i in range(count):
        values = [",".join(str(i + q / 10 + t) for t in range(length)) for q in range(2)]
        found.append(":".join([*values, "ab"[i % 2]]))
    return found


def ts(*changed: str, head: str = HEAD, encoding: str = "utf-8", end: str = "\n"):
    """A .ts file whose last lines are these."""

    def make(root: Path) -> Path:
        content = head + "\n".join([*lines(), *changed]) + "\n"
        (root / "a.ts").write_bytes(content.replace("\n", end).encode(encoding))
        return root / "a.ts"

    return make


def pair(root: Path) -> Path:
    """A class that the test file has not, and one line that both have."""
    test = [line for line in lines(20, 4) if line.endswith("a")] + lines()[:1]
    text(root / "Toy_TEST.ts", HEAD + "\n".join(test) + "\n")
    return text(root / "Toy_TRAIN.ts", HEAD + "\n".join(lines()) + "\n")


def sequences() -> Iterator[Kind]:
    where = f"a.ts line {4 + N}"
    for name, (line, told) in BAD_LINES.items():
        yield error(f"ts: {name}", ts(line), f"{where}: ", told, left_out=where)
    first = ts(head=HEAD + "1:a\n")
    told = "a.ts line 4: has 1 dimension, 2 expected"
    yield error("ts: a bad first line", first, told, left_out="a.ts line 4")
    for name, line, told in (
        ("time stamps", "@timeStamps true", "time stamps are not supported"),
        ("values to predict", "@targetLabel true", "use .npz for regression"),
        ("a class twice", "@classLabel true a a", "names a class twice"),
        ("no classes", "@classLabel true", "and the class names"),
        ("dimensions of nothing", "@dimensions 0", "a whole number above 0"),
        ("no tag", "hello", "expected an @tag"),
    ):
        yield error(f"ts header: {name}", ts(head=f"{line}\n{HEAD}"), "a.ts line 1: ", told)
    for name, content, told in (
        ("empty", "", "a.ts: has no line @data"),
        ("no samples", HEAD, "a.ts: has no samples"),
        ("no labels", "@classLabel false\n@data\n1,2,3\n", "has no class labels"),
        ("header alone", "@classLabel true a b\n", "a.ts: has no line @data"),
    ):
        make = lambda root, content=content: text(root / "a.ts", content)  # noqa: E731
        yield error(f"ts file: {name}", make, told)
    yield error("ts file: UTF-16", ts(encoding="utf-16"), "a.ts line 1: expected an @tag")
    only = lambda root: text(root / "a.ts", HEAD + "1,2:1,2:a\n" * 20)  # noqa: E731
    yield error("ts file: samples of one class", only, "has only one class ('a')")
    yield taken("ts file: byte order mark", ts(encoding="utf-8-sig"))
    yield taken("ts file: CRLF", ts(end="\r\n"))
    yield taken("ts file: latin-1 in a comment", ts(head="#caf\xe9\n" + HEAD, encoding="latin-1"))
    yield taken("ts: a sequence of one step", ts("1:1:a"), "lengths 1 to 3, padded")
    yield taken("ts: unequal lengths", ts("1,2,3,4,5:1,2,3,4,5:a"), "lengths 3 to 5, padded")
    constant = "\n".join(f"{i},{i + 1},{i * 7 % 5}:4,4,4:{'ab'[i % 2]}" for i in range(N)) + "\n"
    steady = lambda root: text(root / "a.ts", HEAD + constant)  # noqa: E731
    yield taken("ts: a feature that never changes", steady)
    yield taken("ts: twins", pair, "Toy_TRAIN.ts line 4 (train) = Toy_TEST.ts line 14 (test)")


KINDS = [*rows(), *arrays(), *sequences()]
