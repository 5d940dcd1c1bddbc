"""The sentences in locale/: the same keys and values in both languages, and none that is unused."""

import ast
import json
import re
import string
from pathlib import Path

import etude
from etude.locale.texts import LANGS, counted, texts

HOME = Path(etude.__file__).parent


def placeholders(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


def test_both_languages_have_the_same_keys_and_values():
    english, korean = (texts(lang) for lang in LANGS)
    assert english.keys() == korean.keys()
    for key, text in english.items():
        assert placeholders(text) == placeholders(korean[key]), key
        assert re.search("[가-힣]", korean[key]), f"{key} is not in Korean"


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


def unused(keys: set[str], sources: list[str]) -> set[str]:
    every = re.compile("|".join(sorted(set().union(*map(patterns, sources)))))
    # `label_of(lang, "held", "order")` makes its key, held_order, of two strings.
    pairs = {key: key.split("_", 1) for key in keys}
    return {k for k in keys if not (every.fullmatch(k) or all(map(every.fullmatch, pairs[k])))}


def test_every_sentence_is_used():
    sources = [path.read_text(encoding="utf-8") for path in HOME.rglob("*.py")]
    assert not unused(set(texts("en")), sources)


def test_a_sentence_that_nothing_uses_is_found():
    source = 'say("a.key"); say(f"other.{name}")'
    assert unused({"a.key", "other.x"}, [source]) == set()
    assert unused({"a.keys", "another.x"}, [source]) == {"a.keys", "another.x"}
    assert unused({"held_x", "held_y"}, ['label_of(lang, "held", "x")']) == {"held_y"}


def test_words_agree_with_their_number():
    assert counted("en", "seed", 1) == "1 seed"
    assert counted("en", "seed", 3) == "3 seeds"
    assert "3" in counted("ko", "seed", 3)
