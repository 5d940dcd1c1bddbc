"""What a person sees while a run trains is in the language of the command."""

import json
import re

import pytest

import etude
from etude import assembly, pipeline, registry
from etude.errors import Interrupted, UsageError
from etude.recipe import draft
from etude.training import hardware
from etude.training.distributed import World

FEW = {"epochs": 1, "model.hidden": [8], "train.device": "cpu"}
ENGLISH = re.compile(r"\b(epoch|read as|accuracy|loss|compiled|bytes|resumed|skipped|then|now)\b")


def lines(capsys):
    """The lines on stderr, without the name of the run before each."""
    return [line.split("mlp-digits", 1)[1] for line in capsys.readouterr().err.splitlines()]


def test_notes_and_epochs_are_in_the_language_of_the_command(workdir, capsys):
    etude.train("mlp", data="digits", **FEW)
    english = lines(capsys)
    assert english[0].startswith(": image [C H W] = [1 8 8], read as vector [D] = [64]; cpu, fp32")
    assert english[0].endswith("; not compiled")
    assert re.fullmatch(r"  epoch 1/1  accuracy 0\.\d+  loss \d\.\d+", english[-1])
    etude.train("mlp", data="digits", lang="ko", **FEW)
    korean = [line.removeprefix("-2") for line in lines(capsys)]
    assert korean[0].startswith(
        ": 이미지 [C H W] = [1 8 8] 데이터, 모델이 읽는 형태는 벡터 [D] = [64]; cpu, "
    )
    assert korean[0].endswith(", 컴파일하지 않음")
    assert re.fullmatch(r"  1/1 에폭  정확도 0\.\d+  손실 \d\.\d+", korean[-1])
    assert len(korean) == len(english) and not ENGLISH.search("".join(korean))


def test_a_run_in_memory_speaks_the_language_of_the_command(workdir, capsys):
    etude.train("mlp", data="digits", save=False, lang="ko", **FEW)
    korean = lines(capsys)
    assert "컴파일하지 않음" in korean[0] and not ENGLISH.search("".join(korean))


def test_resuming_speaks_the_language_of_the_command(workdir, capsys, monkeypatch):
    def stop(*_):
        raise Interrupted("stopped")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "conclude", stop)
        with pytest.raises(Interrupted):
            etude.train("mlp", data="digits", quiet=True, **FEW)
    place = workdir / "runs" / "mlp-digits"
    provenance = json.loads((place / "provenance.json").read_text())
    provenance["environment"]["python"] = "2.7"
    # As version 0.1.0 wrote it.
    provenance["chosen"] = "fp32 on a CPU without bf16 instructions; not compiled"
    (place / "provenance.json").write_text(json.dumps(provenance))
    [newest] = (place / "checkpoints").iterdir()
    damaged = newest.with_name("00099999")
    damaged.mkdir()
    etude.resume(place, lang="ko")
    korean = "\n".join(lines(capsys))
    assert (
        ": 중단 없이 학습한 실행과 바이트가 다를 수 있습니다: python: 당시 2.7, 지금 3." in korean
    )
    assert ": 건너뜀: " in korean and "읽을 수 없습니다(" in korean
    assert f": {int(newest.name)}번째 스텝부터 이어서 학습합니다" in korean
    assert not ENGLISH.search(korean)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            lambda: registry.load("model", "mpl"),
            "'mpl': 이런 이름의 모델 항목이 없습니다. 혹시 'mlp'?",
        ),
        (
            lambda: hardware.resolve("cdua", 1),
            "train.device='cdua': cpu, cuda, cuda:1, auto 중에서",
        ),
        (lambda: assembly.create("mlp", preset="x"), "mlp: 프리셋 'x' 없음. "),
        (
            lambda: assembly.prepare(
                assembly.read_draft(draft("mlp", "digits", fields={"train.batch_size": 99999})),
                World(),
            ),
            "train.batch_size=99999: 학습 데이터보다 큽니다(샘플 1,",
        ),
    ],
)
def test_a_mistake_is_said_in_korean(wrong, words, workdir):
    with pytest.raises(UsageError) as error:
        wrong()
    assert error.value.message("ko").startswith(words)
