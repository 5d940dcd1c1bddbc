"""The sentences in locale/: the same keys and values in both languages, and none that is unused."""

import ast
import json
import re
import string
from pathlib import Path

import numpy as np
import pytest

import etude
from etude.cli import application
from etude.config import Config
from etude.data import arrays, windows
from etude.data.dataset import Split
from etude.errors import UsageError
from etude.locale.texts import (
    LANGS,
    Text,
    counted,
    has_text,
    listed,
    render,
    sample_name,
    text,
    texts,
)
from etude.registry import load
from etude.system.language import preferred

HOME = Path(etude.__file__).parent


def placeholders(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def in_korean(english: str, korean: str) -> bool:
    """Whether a sentence is in Korean, or has no words beside its values."""
    words = "".join(literal for literal, *_ in string.Formatter().parse(english))
    return bool(re.search("[가-힣]", korean)) or not re.search(r"[^\W\d_]", words)


def test_both_languages_have_the_same_keys_and_values():
    english, korean = (texts(lang) for lang in LANGS)
    assert english.keys() == korean.keys()
    for key, template in english.items():
        assert placeholders(template) == placeholders(korean[key]), key
        assert in_korean(template, korean[key]), f"{key} is not in Korean"


def test_a_sentence_that_is_not_in_korean_is_found():
    assert in_korean("{a} of {b}", "{b} 중 {a}") and in_korean("{a: = }", "{a: = }")
    assert not in_korean("{a} of {b}", "{a} / {b}")


def test_a_sentence_that_lacks_a_value_is_found():
    assert placeholders("{a} of {b:.1f}") != placeholders("{a}")


def test_no_key_stands_twice():
    for lang in LANGS:
        text = HOME.joinpath("locale", f"{lang}.json").read_text(encoding="utf-8")
        keys = [key for key, _ in json.loads(text, object_pairs_hook=list)]
        assert len(keys) == len(set(keys))


def patterns(source: str) -> set[str]:
    """What the strings of a source may be, as regular expressions: a value fits anything."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(re.escape(node.value))
        if isinstance(node, ast.JoinedStr):
            parts = (
                re.escape(part.value) if isinstance(part, ast.Constant) else ".+"
                for part in node.values
            )
            pattern = "".join(parts)
            if len(pattern.replace(".+", "")) >= 3:
                found.add(pattern)
    return found


def in_templates(template: str) -> set[str]:
    """The keys that a template says, as regular expressions."""
    return {re.escape(key) for key in re.findall(r'\bsay\("([^"]+)"', template)}


def unused(keys: set[str], sources: list[str], templates: list[str] = ()) -> set[str]:
    found = set().union(*map(patterns, sources), *map(in_templates, templates))
    every = re.compile("|".join(sorted(found)))
    # `label_of(lang, "held", "order")` makes its key, held_order, of two strings.
    pairs = {key: key.split("_", 1) for key in keys}
    return {k for k in keys if not (every.fullmatch(k) or all(map(every.fullmatch, pairs[k])))}


def test_every_sentence_is_used():
    sources, templates = (
        [path.read_text(encoding="utf-8") for path in HOME.rglob(name)] for name in ("*.py", "*.j2")
    )
    assert not unused(set(texts("en")), sources, templates)


def test_every_key_of_a_template_is_a_sentence():
    keys = {key for path in HOME.rglob("*.j2") for key in in_templates(path.read_text("utf-8"))}
    assert keys and keys <= {re.escape(key) for key in texts("en")}


def test_a_sentence_that_nothing_uses_is_found():
    source = 'say("a.key"); say(f"other.{name}")'
    assert unused({"a.key", "other.x"}, [source]) == set()
    assert unused({"a.keys", "another.x"}, [source]) == {"a.keys", "another.x"}
    assert unused({"held_x", "held_y"}, ['label_of(lang, "held", "x")']) == {"held_y"}
    assert unused({"a", "b"}, ["0"], ['{{ say("a") }} b']) == {"b"}


TEXTS = {
    "set_xlabel", "set_ylabel", "set_title", "set_label", "supxlabel", "supylabel", "suptitle",
    "text", "annotate", "legend", "set_xticks", "set_yticks", "set_xticklabels", "set_yticklabels",
}  # fmt: skip
"""Methods of matplotlib and Pillow that draw their positional arguments."""
NAMED = {"label", "xlabel", "ylabel", "title", "text", "s", "labels"}
"""Arguments of any function, also as keys of a mapping of options, that are drawn."""


def literal(node: ast.AST) -> list[str]:
    """Words that are written where a figure's text is expected, not the arguments of a call."""
    if isinstance(node, ast.Constant):
        word = isinstance(node.value, str) and re.search(r"[^\W\d_]{2}", node.value)
        return [node.value] if word else []
    if isinstance(node, ast.Call | ast.FormattedValue | ast.Subscript | ast.Compare):
        return []
    if isinstance(node, ast.IfExp):
        return [*literal(node.body), *literal(node.orelse)]
    return [word for child in ast.iter_child_nodes(node) for word in literal(child)]


def drawn(source: str) -> list[str]:
    """Words of a source that a figure would show although they come from no locale file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values)
            found += [w for k, v in pairs if getattr(k, "value", "") in NAMED for w in literal(v)]
        if isinstance(node, ast.Call):
            found += [w for k in node.keywords if k.arg in NAMED for w in literal(k.value)]
            if getattr(node.func, "attr", "") in TEXTS:
                found += [w for argument in node.args for w in literal(argument)]
    return found


SOURCES = [
    path
    for path in sorted(HOME.rglob("*.py"))
    if HOME / "checking" not in path.parents
    and re.search(r"\bInk\b|ImageDraw", path.read_text(encoding="utf-8"))
]
"""The sources that draw, without the checks of other people's code."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_text_of_a_figure_is_in_the_locale_files(path):
    assert not drawn(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        'axes.set_xlabel("epoch")',
        'axes.set(ylabel=f"validation {goal}")',
        'axes.plot(x, label="a trial")',
        'axes.plot(x, **{"label": "a trial"})',
        'axes.text(0, 0, f"{share:.0%} are 0")',
        'axes.set_yticks(ys, ["original", f"{x}"])',
        'axes.set_yticks(ys, [f"unit {unit}" for unit in units])',
        'axes.set(xlabel=what if known else "seconds")',
        'figure.colorbar(image, label="weight")',
        'figure.supxlabel("one" + name)',
    ],
)
def test_a_text_that_is_in_no_locale_file_is_found(source):
    assert drawn(source)


@pytest.mark.parametrize(
    "source",
    [
        'axes.set_xlabel(ink.say("axis.epoch"), fontsize=8)',
        'axes.set(ylabel=f"{name}, {unit}")',
        'axes.text(0, 0, text, ha="center", **{"va": "bottom"})',
        'axes.set_yticks(ys, [f"#{i}" for i in samples])',
    ],
)
def test_data_and_texts_of_the_locale_files_are_not_found(source):
    assert not drawn(source)


# Errors and sentences as data ---------------------------------------------------------------

PLACES = [path for path in sorted(HOME.rglob("*.py")) if HOME / "checking" not in path.parents]
# Not AttributeError: a module's `__getattr__` repeats Python's own message, for programmers.
ERRORS = re.compile(r"(?!Attribute)(\w+Error|InvalidValue|Stopped|Interrupted)")


def words_of_errors(source: str) -> list[str]:
    """Words of a source that an error says although they come from no locale file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ERRORS.fullmatch(getattr(node.func, "id", "")):
            arguments = [*node.args, *(k.value for k in node.keywords)]
            found += [word for argument in arguments for word in literal(argument)]
    return found


def text_calls(source: str) -> list[tuple[str, set[str]]]:
    """(key, names of the values) of each call of `text`, `say` with a key that is written there."""
    found = []
    for node in ast.walk(ast.parse(source)):
        name = (
            getattr(node.func, "id", getattr(node.func, "attr", ""))
            if isinstance(node, ast.Call)
            else ""
        )
        key = {"text": 0, "say": 1}.get(name)
        if key is None or any(word.arg is None for word in node.keywords):
            continue
        keys = [a.value for a in node.args[: key + 1] if isinstance(a, ast.Constant)]
        if keys and isinstance(keys[-1], str):
            found.append((keys[-1], {word.arg for word in node.keywords}))
    return found


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_word_of_an_error_is_in_the_locale_files(path):
    assert not words_of_errors(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_every_text_has_a_template_that_uses_its_values(path):
    for key, values in text_calls(path.read_text(encoding="utf-8")):
        if has_text(key):
            assert values == placeholders(texts("en")[key]), key
        else:
            assert " " in key or "." not in key, f"there is no text {key!r}"


@pytest.mark.parametrize(
    "source",
    [
        'raise UsageError("No such run.")',
        'raise DataError(f"{path}: is empty.", do="Look at it.")',
        'raise RunError(text("run.none"), do=f"Look at {path}.")',
        'raise DataError(text("a.b"), items=["one word"])',
        'raise InvalidValue("is empty")',
    ],
)
def test_words_of_an_error_are_found(source):
    assert words_of_errors(source)


def test_a_path_or_a_text_in_an_error_is_not_found():
    assert not words_of_errors('raise DataError(text("a.b", path=path), do=hint, items=items)')


def test_a_call_with_a_wrong_value_is_found():
    assert text_calls('text("a.b", path=p, why=w); ink.say("c.d"); say(lang, "e.f", n=1)') == [
        ("a.b", {"path", "why"}),
        ("c.d", set()),
        ("e.f", {"n"}),
    ]


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"ETUDE_LANG": "ko", "LC_ALL": "en_US.UTF-8"}, "ko"),
        ({"ETUDE_LANG": "en", "LC_ALL": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "ko_KR.UTF-8", "LC_MESSAGES": "en_US", "LANG": "en_US"}, "ko"),
        ({"LC_MESSAGES": "ko_KR", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"ETUDE_LANG": "", "LC_ALL": "", "LANG": "ko-KR"}, "ko"),
        ({"LANG": "kok_IN.UTF-8"}, "en"),  # Konkani
        ({"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_a_variable_of_our_own_decides_before_the_locale(environ, lang):
    assert preferred(environ) == lang


def test_a_language_without_texts_is_refused():
    with pytest.raises(UsageError, match="ETUDE_LANG is 'fr'"):
        preferred({"ETUDE_LANG": "fr", "LANG": "ko_KR"})


@pytest.mark.parametrize(
    ("words", "lang"), [(["--lang", "en"], "en"), (["--lang", "ko"], "ko"), ([], "ko")]
)
def test_a_flag_decides_before_the_environment(words, lang, monkeypatch):
    monkeypatch.setenv("ETUDE_LANG", "ko")
    _, bound, _ = application().parse_args(["report", "runs/a", *words])
    assert bound.arguments["lang"] == lang


def test_words_agree_with_their_number():
    assert counted("en", "seed", 1) == "1 seed"
    assert counted("en", "seed", 3) == "3 seeds"
    assert "3" in counted("ko", "seed", 3)


def names_of_sources() -> list[str]:
    """One name of each form that sources make."""
    series = load("data", "series")
    months = series.load(series.config()).train.names[0]
    split = Split(np.zeros((1, 2, 1)), np.zeros(1), names=("row 7",))
    (window,) = windows._named(split, ordered=True).names
    return [arrays._row("", 3), arrays._row("train", 3), window, months, "runs/a.ts line 12"]


def test_a_name_that_a_source_made_is_said_in_both_languages():
    names = names_of_sources()
    assert [sample_name("en", name) for name in names] == names
    assert [sample_name("ko", name) for name in names] == [
        "행 3",
        "학습 행 3",
        "구간 7",
        "1951-01부터 1951-12까지",
        "runs/a.ts 12번째 줄",
    ]


@pytest.mark.parametrize(
    "name",
    ["row 3.png", "a row 3", "사진/고양이.jpg", "12", "window", "left to right", "my line 3", ""],
)
def test_a_name_of_the_user_is_never_changed(name):
    assert [sample_name(lang, name) for lang in LANGS] == [name, name]


def test_a_sentence_says_names_in_its_language():
    copies = text("data.note.sample", name="test row 3", split=text("data.split.test"))
    assert render("en", copies) == "test row 3 (test)"
    assert render("ko", copies) == "테스트 행 3(테스트)"
    bad = text("data.at", where="train row 12", what=text("data.split.val"))
    assert render("ko", bad) == "학습 행 12: 검증"


# Texts: sentences as data -------------------------------------------------------------------


class Note(Config):
    note: Text


NESTED = text("list.more", items=("a", text("data.split.val")), more=1200)


def test_a_text_is_put_into_words_in_either_language():
    assert render("en", NESTED) == "a, val and 1,200 more"
    assert render("ko", NESTED) == "a, 검증 외 1,200개"
    assert render("en", text("data.note.copies", samples=("a", "b"))) == "a = b"


def test_items_beyond_the_first_are_counted():
    assert listed(["a", "b"], 2) == ("a", "b")
    assert listed(["a", "b"], 5) == text("list.more", items=("a", "b"), more=3)


def test_a_text_is_the_same_after_json():
    again = Note.read(json.loads(json.dumps(Note(note=NESTED).plain()))).note
    assert again == NESTED and again != text("list.more", items=("a", "val"), more=1200)
    assert Note(note=NESTED).plain()["note"] == {
        "key": "list.more",
        "values": {"items": ["a", {"key": "data.split.val", "values": {}}], "more": 1200},
    }


def test_a_string_of_version_0_1_0_stays_as_it_is():
    assert render("ko", "8 of 40 {samples} drawn") == "8 of 40 {samples} drawn"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (text("data.note.later", count=3, name="a"), "data.note.later (count: 3, name: a)"),
        (text("data.note.drawn", count=3), "data.note.drawn (count: 3)"),
        (text("data.note.drawn", count="3", total=4), "data.note.drawn (count: 3, total: 4)"),
        (Text(key="data.note.on-disk", values={"lang": "en"}), "data.note.on-disk (lang: en)"),
        (text("data.note.files.other", names=text("odd")), "left out, no pictures: odd ()"),
    ],
)  # fmt: skip
def test_a_text_that_does_not_fit_its_template_is_shown_as_it_is(sentence, shown):
    assert render("en", sentence) == shown


@pytest.mark.parametrize(
    "stored",
    [
        {"values": {}},
        {"key": 3},
        {"key": "data.note.on-disk", "values": []},
        {"key": "data.note.on-disk", "values": {"x": None}},
        {"key": "data.note.on-disk", "more": 1},
    ],
)
def test_a_damaged_text_is_refused(stored):
    with pytest.raises(UsageError):
        Note.read({"note": stored})


def test_texts_in_texts_are_rendered_or_refused_at_any_depth():
    for depth in (2, 50, 80, 200):
        stored = {"key": "data.split.val"}
        for _ in range(depth):
            stored = {"key": "list.more", "values": {"items": [stored], "more": 1}}
        try:
            nested = Note.read({"note": stored}).note
        except UsageError:
            assert depth > 50
        else:
            assert render("en", nested) == "val" + " and 1 more" * depth
