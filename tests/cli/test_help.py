"""Help and mistakes of the command line in both languages: all words come from the locale files."""

import re

import pytest
from rich.cells import cell_len

from etude import verbs
from etude.cli.app import COMMANDS
from etude.locale.texts import LANGS, texts
from etude.system.language import language_of

from .test_cli import call

PAGES = [[], *([each.name] for each in COMMANDS)]
HANGUL = re.compile("[가-힣]")


def shown(capsys, *words: str) -> str:
    """A help page as one line."""
    code, out, err = call(capsys, *words)
    assert (code, err) == (0, "")
    return re.sub(r"[│\s]+", " ", out)


@pytest.mark.parametrize("verb", ["compare", "check", "env"])
def test_one_process_shows_help_in_one_language_after_the_other(verb, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    for lang in ("ko", "en", "ko"):
        page = shown(capsys, verb, "--help", "--lang", lang)
        templates = texts(lang)
        assert page.startswith(templates["help.usage"].format(usage=f"etude {verb}"))
        assert re.sub(r"\s+", " ", templates[f"help.{verb}"]) in page
        assert templates["help.flag.lang"] in page
        assert f"{templates['help.examples']} etude {verb}" in page


@pytest.mark.parametrize("words", PAGES)
def test_help_in_korean_is_korean_and_aligned(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call(capsys, *words, "--help", "--lang", "ko")
    assert code == 0
    boxes = [line for line in out.splitlines() if line.startswith(("╭", "│", "╰"))]
    assert boxes and {cell_len(line) for line in boxes} == {80}
    for line in boxes:
        if line.startswith("╭"):
            assert HANGUL.search(line)
    english = {value for value in texts("en").values() if " " in value and not HANGUL.search(value)}
    assert not [text for text in english if len(text) > 20 and text in out]


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_of_the_help_is_shown_and_no_key(lang, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    pages = " ".join(shown(capsys, *words, "--help", "--lang", lang) for words in PAGES)
    assert "help." not in pages
    for key, template in texts(lang).items():
        # Fields with key help.recipe.* have no flag of their own.
        if key.startswith("help.") and not key.startswith("help.recipe."):
            for part in re.split(r"\{\w+\}", template):
                assert re.sub(r"\s+", " ", part).strip() in pages, key


def test_the_environment_decides_without_a_flag(capsys, monkeypatch):
    monkeypatch.setenv("ETUDE_LANG", "ko")
    assert texts("ko")["help.etude"] in shown(capsys, "--help")
    assert texts("en")["help.etude"] in shown(capsys, "--help", "--lang=en")


def test_words_after_two_dashes_name_no_language():
    assert language_of(["predict", "r", "--", "--lang", "ko"], {}) == "en"
    assert language_of(["predict", "r", "--lang", "ko", "--", "x"], {}) == "ko"


MISTAKES = {
    "train mlp --lr x": ("'x' is not a number", "수가 아닙니다: 'x'"),
    "train mlp --epochs 1.5": ("'1.5' is no whole number", "정수가 아닙니다: '1.5'"),
    "train mlp --json=maybe": ("neither true nor false", "true도 false도 아닙니다"),
    "train mlp --optimizer adm": ("Did you mean 'adam'?", "혹시 'adam'?"),
    "train mlp --precision x": ("choose from auto, fp32", "다음에서 고르세요: auto, fp32"),
    "train --lr 1 --lr 2": ("--lr occurs more than once", "--lr 옵션이 두 번 이상"),
    "train mlp --epoch 3": ("Unknown option: --epoch.", "알 수 없는 옵션입니다: --epoch."),
    "train mlp -lr 3": ("Long names take two dashes", "줄표 두 개"),
    "train mlp --data": ("--data needs a value", "--data 뒤에 값이"),
    "train none.json --data digits": ("there is no such file", "파일이 없습니다"),
    "train mlp": ("No data is named", "data: 이름이 없습니다"),
    "trian": ("Did you mean 'train'?", "알 수 없는 명령입니다: 'trian'"),
    "mlp": ("is a model, not a command", "명령이 아니라 모델입니다"),
    "look": ("RUN is missing", "RUN 인자가 없습니다"),
    "env x": ("'x' is not expected here", "여기에 올 수 없는 말입니다: 'x'"),
    "check x.py 3": ("a parameter and its value", "매개변수와 값이"),
    "generate r -n 0": ("at least 1 image", "1개 이상"),
    "generate r --seed -1": ("a whole number from 0", "0 이상"),
    "predict r": ("Nothing to predict", "예측할 것이 없습니다"),
    "predict r --jsn": ("Did you mean '--json'?", "알 수 없는 옵션입니다: --jsn"),
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_answered_in_the_language_of_the_user(line, workdir, capsys, monkeypatch):
    for lang, words in zip(LANGS, MISTAKES[line]):
        monkeypatch.setenv("ETUDE_LANG", lang)
        code, out, err = call(capsys, *line.split())
        assert (code, out) == (2, "") and words in err, err


def test_the_list_has_headings_in_the_language_of_the_user(workdir, capsys):
    _, out, _ = call(capsys, "list", "--lang", "ko")
    assert out.startswith("모델:\n") and "아직 없음: etude train mlp --data digits" in out
    _, out, _ = call(capsys, "list", "--lang", "en")
    assert out.startswith("models:\n") and "none yet: etude train mlp --data digits" in out


@pytest.mark.parametrize(
    ("lang", "head", "meaning"),
    [
        ("en", "Fields of mlp", "model.hidden         units of each hidden layer [default: [256"),
        ("ko", "mlp의 필드", "model.hidden         은닉층별 유닛 수 [기본값: [256"),
    ],
)
def test_the_help_of_train_shows_the_fields_of_what_is_named(lang, head, meaning, capsys):
    code, out, _ = call(capsys, "train", "mlp", "--data", "digits", "--help", "--lang", lang)
    assert code == 0 and head in out and meaning in out and "data.val_fraction" in out
    assert "model.hidden  " not in call(capsys, "train", "--help", "--lang", lang)[1]


def test_a_field_without_a_default_is_required(monkeypatch, tmp_path):
    monkeypatch.setenv("ETUDE_PLUGINS", str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "toy.py").write_text(
        "from pydantic import Field\nfrom etude.data.dataset import DataConfig, Source\n"
        "class Config(DataConfig):\n    rows: int = Field(description='rows to make')\n"
        "SOURCE = Source(Config, print, 'toy')\n"
    )
    assert ("data.rows", "rows to make [required]") in verbs.fields("data", "toy")
