"""The errors of the data rooms in Korean: no word of English but names, and no key in its place."""

from pathlib import Path

import numpy as np
import pytest

from etude.data import arrays, augment, axes, bad, labels, layout, locate, memory
from etude.data.bad import Bad
from etude.data.dataset import view_for
from etude.errors import EtudeError
from etude.locale.texts import render, text
from etude.recipe import Part

X, Y = np.ones((6, 2), np.float32), np.arange(6) % 2


class Frame(dict):
    """A frame as far as the data rooms know one."""

    @property
    def columns(self):
        return list(self)


FRAME = Frame({"a": X[:, 0], "b": Y, "c": np.array(list("uvwxyz"))})
FAULT = text("data.arrays.fault", array="x", reason="NaN")


def raw_of(**stored):
    return arrays.raw_of(stored, [], arrays.ArrayConfig(), "here", "here")


def objects(data, **fields):
    return memory.raw_from(data, memory.Config(**fields))


def read_axes(shape, wanted="auto"):
    return axes.read_axes("here", np.ones(shape), False, wanted, "auto")


CASES = {
    "no y": (lambda: raw_of(x=X), "here: 없는 배열이 있습니다: y (있는 배열: x)."),
    "no arrays": (lambda: raw_of(), "here: 배열이 하나도 없습니다. 필요한 배열: x, y."),
    "counts": (lambda: raw_of(x=X, y=Y[:5]), "샘플 수가 서로 다릅니다: x 6개, y 5개"),
    "no axis": (lambda: raw_of(x=X, y=np.array(3)), "y: 축이 없습니다."),
    "one class": (lambda: labels.targets({"": np.arange(9)}, (), "here"), "모두 한 번씩만"),
    "fractions": (
        lambda: labels.targets({"": np.array([0.5, 1])}, (), "here", "classes"),
        "y: 정수가 아닌 값이 1개 있습니다",
    ),
    "near": (
        lambda: labels.targets({"": np.array(["Cat", "dog"])}, ("cat", "dog"), "here"),
        "'Cat' (혹시 'cat'?)",
    ),
    "five axes": (lambda: read_axes((2, 2, 2, 2, 2)), "축이 5개인 x [2, 2, 2, 2, 2] 배열은 샘플로"),
    "kind": (lambda: read_axes((2, 2, 2, 2), "sequence"), "배열은 sequence 종류의 샘플로"),
    "channels": (lambda: read_axes((2, 9, 9, 9)), "축 1의 크기는 9, 축 3의 크기는 9입니다."),
    "augment": (
        lambda: augment.require(4, ("jitter", "flip", "scale")),
        "image 종류의 샘플에 쓸 수 없는 연산이 2개 있습니다: jitter, scale.",
    ),
    "view": (
        lambda: view_for("sequence", ("image",), text("data.axes.otherwise.feature")),
        "-> data.kind=sequence를 쓰면 x [n L]을 특징이 하나인 시퀀스로 읽습니다. 또는 다른 모델을",
    ),
    "no data set": (lambda: locate.with_source(Part(name="digit")), "혹시 'digits'?"),
    "no source": (lambda: locate.with_source(Part(name=__file__)), "이런 종류의 파일은"),
    "moved": (
        lambda: locate.relocated(Part(name="arrays", path="/no/where"), Path("runs/a"), None),
        "경로에 아무것도 없습니다: /no/where.",
    ),
    "moved, relative": (
        lambda: locate.relocated(Part(name="arrays", path="no/where"), Path("runs/a"), None),
        "no/where 경로가 있는 폴더에서 시작하거나",
    ),
    "no objects": (lambda: memory.load(memory.Config()), "파이썬 객체여서"),
    "no column": (lambda: objects(FRAME, target="d"), "예측할 열이 없습니다: 'd'."),
    "unequal": (lambda: objects([(X[0], 0), (X[:, 0], 1), (X[0], 1)]), "(2,), (6,)"),
    "ragged": (lambda: objects(([[1], [2, 3]], [0, 1])), "x: "),
    "bad": (
        lambda: bad.leave_out(
            text("data.arrays.rows", where="here"), [Bad("", "row 3", FAULT)], [], skip=False
        ),
        "here: 다음 행: 사용할 수 없습니다.\n  - 행 3: x: NaN\n-> 여기에 적힌 것을",
    ),
    "half": (
        lambda: bad.leave_out("here", [Bad("", "a", "b")] * 3, ["", ""], skip=True),
        "절반이 넘게(5개 중 3개)",
    ),
    "lost": (
        lambda: bad.leave_out("here", [Bad("y = 3", "a", "b")], ["y = 1"] * 2, skip=True),
        "y = 3: 샘플 1개를 모두 사용할 수 없습니다",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_in_korean(case):
    raises, says = CASES[case]
    with pytest.raises(EtudeError) as caught:
        raises()
    message = caught.value.message("ko")
    assert says in message
    for line in caught.value.what, caught.value.do:
        assert not line or any("가" <= letter <= "힣" for letter in render("ko", line))


def test_faults_of_folders_are_in_korean(tmp_path):
    for name in ("train/cat", "train/dog", "test/Cat", "test/cow", "tst/cat"):
        (tmp_path / name).mkdir(parents=True)
    said = [render("ko", problem) for problem in layout.layout(tmp_path).problems]
    assert "test, tst: 모두 테스트 분할을 뜻합니다. 하나만 남기세요" in said
    assert "train/cat: 이미지가 없습니다" in said
    assert "test/cow: 학습 데이터에 없는 클래스입니다" in said
    assert any("'cat' 클래스가 있습니다. 같은 클래스인가요?" in words for words in said)


def test_a_bad_sample_is_english_as_a_string():
    """provenance.json names the samples that were left out in English."""
    assert str(Bad("", "row 3", text("data.arrays.faults", faults=[FAULT, FAULT]))) == (
        "row 3: x NaN; x NaN"
    )
    note = bad.note([Bad("", "row 3", text("data.layout.empty", folder="a"))], 9)
    assert render("ko", note) == "9개 중 1개를 제외함: 행 3(a: 이미지가 없습니다)"
