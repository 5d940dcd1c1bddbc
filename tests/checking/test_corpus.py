"""Submissions as learners write them: every wrong one is called wrong for the right reason, every
right one right. A file's head says what it is; the examiner sees the file without it."""

import ast
import re
import warnings
from functools import cache
from pathlib import Path

import pytest

from etude.checking import loading, roles, source
from etude.checking.judge import judge_file
from etude.locale.texts import texts

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.rglob("*.py"))
HEAD = re.compile(r"^# (\w+): (.*?)\s*$", re.MULTILINE)
MARK = re.compile(r"\s*# <<<.*$", re.MULTILINE)


def head(path: Path) -> dict[str, str]:
    return dict(HEAD.findall(path.read_text(encoding="utf-8"))[:6])


def blind(path: Path, folder: Path) -> Path:
    """A copy that says nothing of what is wrong with it, lines where they were."""
    text = path.read_text(encoding="utf-8")
    for line in HEAD.finditer(text):
        if line[1] in ("role", "verdict", "fault", "object", "about", "round"):
            text = text.replace(line[0], "#", 1)
    copy = folder / "submission.py"
    copy.write_text(MARK.sub("", text), encoding="utf-8")
    return copy


def judged(path: Path, folder: Path):
    said = head(path)
    name = "" if said["object"] == "module" else said["object"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, not ours
        (verdict,) = judge_file(blind(path, folder), name, said["role"])
    return verdict


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_each_is_judged_right_for_the_right_reason(path, tmp_path):
    said, verdict = head(path), judged(path, tmp_path)
    found = verdict.finding.code if verdict.finding else None
    assert (verdict.status, found) == (said["verdict"], said.get("fault")), verdict.why
    for lang in ("en", "ko"):
        assert "{" not in verdict.sentence(lang)


def test_faults_are_found_where_they_are(tmp_path):
    """Of a quarter of the faults that have a line, four in five are pointed at within four."""
    near = []
    for path in FILES[::4]:
        lines = path.read_text(encoding="utf-8").splitlines()
        marked = next((i for i, line in enumerate(lines, 1) if "# <<<" in line), 0)
        if marked and (finding := judged(path, tmp_path).finding) and finding.line:
            near.append(abs(finding.line - marked) <= 4)
    assert len(near) > 25
    assert sum(near) >= 0.8 * len(near)


def test_the_corpus_is_what_it_should_be():
    heads = [head(path) for path in FILES]
    assert sum(each["verdict"] == "wrong" for each in heads) >= 60
    for name in roles.NAMES:
        own = [each for each in heads if each["role"] == name]
        assert sum(each["verdict"] == "right" for each in own) >= 3, name
        assert any(each["verdict"] == "wrong" for each in own), name
    for path, each in zip(FILES, heads):
        assert each["role"] == path.parent.name
        assert (each["verdict"] == "wrong") == ("fault" in each)
        ast.parse(path.read_text(encoding="utf-8"))


def test_no_check_without_a_fault_that_needs_it():
    """A fault that no submission has is not looked for."""
    needed = {head(path).get("fault") for path in FILES} | KEPT
    unneeded = {key for key in texts("en") if key.startswith("fault_")} - {
        f"fault_{c}" for c in needed
    }
    assert not unneeded


KEPT = {"differs", "dtype_differs", "update_differs"}
"""What is said where no known fault explains a closed formula's other answer, or a type's."""


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if head(p)["object"] != "module"],
    ids=lambda p: f"{p.parent.name}/{p.stem}",
)
def test_no_other_role_is_guessed(path):
    assert guessed(path) in (head(path)["role"], "")


def test_nearly_all_roles_are_guessed():
    asked = [path for path in FILES if head(path)["object"] != "module"]
    assert sum(guessed(path) == "" for path in asked) <= len(asked) // 50


@cache
def guessed(path: Path) -> str:
    module = loading.load(path)
    return roles.guess(next(t for t in source.things(module) if t.name == head(path)["object"]))


OPEN = sorted((Path(__file__).parent / "open").rglob("*.py"))


@pytest.mark.parametrize("path", OPEN, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_is_beyond_the_examiner_is_said_to_be(path, tmp_path):
    """Held-out submissions that it cannot judge: none is called what it is not."""
    verdict = judged(path, tmp_path)
    assert verdict.status == "unknown" and verdict.why
    assert "{" not in verdict.sentence("ko")
