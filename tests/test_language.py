"""Plain language: phrases that nothing a person reads may contain.

Checked are the documentation (except the log), README, CONTRIBUTING, the newest section of the
changelog, every English sentence in locale/en.json and the help of every command. Code spans and
code blocks are left out: names of files, keys and tests follow other rules.
"""

import contextlib
import json
import re
from pathlib import Path

import pytest

import etude
from etude import cli

HOME = Path(__file__).resolve().parent.parent
LOCALE = Path(etude.__file__).parent / "locale"
PAGES = [
    *(HOME / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted(page for page in HOME.joinpath("docs").rglob("*.md") if page.name != "LOG.md"),
]
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)

FORBIDDEN = {
    # Old-fashioned or private words.
    "anew": r"\banew\b",
    "lest": r"\blest\b",
    "at hand": r"\bat hand\b",
    "by heart": r"\bby heart\b",
    "by whom": r"\bby whom\b",
    "to the letter": r"\bto the letter\b",
    "in the place of": r"\bin the place of\b",
    "stands in": r"\bstands in\b|\bstands? (?:at|here|there|beside|between|behind)\b",
    "spares": r"\bspares\b",
    "commonest": r"\bcommonest\b",
    "surest": r"\bsurest\b",
    "twins": r"\btwins?\b",
    "in vain": r"\bin vain\b",
    # Riddles: a clause where a noun belongs.
    "what came": r"\bwhat came\b",
    "what is said": r"\bwhat is (?:said|told|left|claimed|promised|due)\b",
    "nobody read": r"\bnobody (?:here )?(?:reads?|needs)\b",
    "is told": r"\b(?:is|are|was|were|be) told\b",
    "is said": r"\b(?:is|are|was|were) said\b",
    "as if it had not been": r"\bas if (?:it|they) had not been\b",
    "with the company": r"\bwith the company\b",
    "says of": r"\bsa(?:ys?|id) of\b",
    "whatever the road": r"\broads?\b",
    "goes on": r"\bgo(?:es|ne)? on\b",
    # "one folder per class", not "a folder a class".
    "a folder a class": r"\ba (?:folder|file|row|line|page|picture|column|core|step) an? "
    r"(?:class|model|verb|view|second|moment|draw|claim|run|member|sample|epoch|core)\b",
    # Names of packages before version 0.2.
    "duel": r"\bduels?\b",
    "examiner": r"\bexaminers?\b",
    "firstaid": r"\bfirstaid\b",
    "the cage": r"\bcaged?\b",
}
"""A phrase with the regular expression that finds it, in any case."""

KOREAN = {
    "시험": "시험",
    "질의": "질의",
    "활성 함수": "활성 함수",
    "라벨": "라벨",
    "사전 분포": "사전 분포",
    "복원": "복원",
    "크로스 엔트로피": "크로스 엔트로피",
    "선형 사상": "선형 사상",
    "에포크": "에포크",
    "particle in brackets": r"\((?:으|이|은|는|을|를|가)\)",
}
"""Korean words that have another word in the term table."""


def prose(text: str) -> str:
    """A page without its code, every line break a space."""
    return re.sub(r"\s+", " ", CODE.sub(" ", text))


def matches(text: str, phrases: dict[str, str]) -> dict[str, str]:
    """The phrases that a text contains, each with its surroundings."""
    result = {}
    for name, pattern in phrases.items():
        if match := re.search(pattern, text, re.IGNORECASE):
            result[name] = text[max(0, match.start() - 40) : match.end() + 40]
    return result


def newest(changelog: str) -> str:
    """The first section of the changelog that names a version."""
    return re.split(r"^## ", changelog, flags=re.MULTILINE)[1]


def sentences(lang: str) -> dict[str, str]:
    return json.loads((LOCALE / f"{lang}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_pages_are_plain(page):
    assert not matches(prose(page.read_text(encoding="utf-8")), FORBIDDEN)


def test_the_newest_section_of_the_changelog_is_plain():
    text = (HOME / "CHANGELOG.md").read_text(encoding="utf-8")
    assert not matches(prose(newest(text)), FORBIDDEN)


def test_english_sentences_are_plain():
    wrong = {key: matches(text, FORBIDDEN) for key, text in sentences("en").items()}
    assert not {key: words for key, words in wrong.items() if words}


def test_korean_sentences_use_the_term_table():
    wrong = {key: matches(text, KOREAN) for key, text in sentences("ko").items()}
    assert not {key: words for key, words in wrong.items() if words}


@pytest.mark.parametrize(
    "verb", sorted(name for name in cli.application() if not name.startswith("-"))
)
def test_help_is_plain(verb, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # no phrase is broken over two lines
    with contextlib.suppress(SystemExit):
        cli.main([verb, "--help"])
    text = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Usage: etude" in text
    assert not matches(text, HELP)


OPEN: set[str] = set()
HELP = {name: pattern for name, pattern in FORBIDDEN.items() if name not in OPEN}
"""The phrases that no help text contains. Those in OPEN still occur in some."""

SABOTEURS = {
    "anew": "Draws it anew.",
    "lest": "Lest it fail.",
    "at hand": "The data are not at hand.",
    "by heart": "It learned them by heart.",
    "by whom": "By whom it was made.",
    "to the letter": "The notes to the letter.",
    "in the place of": "h in the place of c.",
    "stands in": "It stands in the recipe.",
    "spares": "Weight decay spares biases.",
    "commonest": "The commonest class.",
    "surest": "Its surest mistake.",
    "twins": "Twins across splits.",
    "in vain": "It is computed in vain.",
    "what came": "Beside what came.",
    "what is said": "What is said.",
    "nobody read": "A file which nobody reads.",
    "is told": "Its share is told.",
    "is said": "This is said.",
    "as if it had not been": "A run that stops, as if it had not been.",
    "with the company": "Predictions change with the company.",
    "says of": "What it says of its data.",
    "whatever the road": "Whatever the road.",
    "goes on": "The others go on.",
    "a folder a class": "Pictures, a folder a class.",
    "duel": "A duel by rules.",
    "examiner": "The examiner.",
    "firstaid": "The room firstaid.",
    "the cage": "The cage.",
}


def test_every_phrase_is_detected():
    """The saboteur: a text with each phrase, also where a line ends in the middle of it."""
    assert SABOTEURS.keys() == FORBIDDEN.keys()
    for name, text in SABOTEURS.items():
        assert name in matches(prose(text), FORBIDDEN)
        assert name in matches(prose(text.replace(" ", "\n")), FORBIDDEN)
    for name, pattern in KOREAN.items():
        assert name in matches("역할(으)로" if name.startswith("particle") else pattern, KOREAN)


def test_code_is_not_prose():
    assert not matches(prose("`duel.json`\n```sh\nlest\n```\n"), FORBIDDEN)


def test_only_the_newest_section_is_read():
    assert "anew" not in newest("# Log\n\n## 2\n- plain\n\n## 1\n- anew\n")
