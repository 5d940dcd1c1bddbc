"""Marking a folder, and the commands: rows, report, JSON, exit codes."""

import json
import re
import threading

import pytest

from etude import verbs
from etude.checking import grade_report, grading
from etude.checking.sandbox.limits import Caps
from etude.checking.sandbox.pool import Sandbox, Submission
from etude.checking.verdict import Verdict, told
from etude.cli import main
from etude.errors import UsageError
from etude.locale.texts import say
from tests.checking.submissions import ALWAYS_DROPS, ATTENTION, HEAD, LISTED, MULTI_HEAD

EVIL = "<script>alert(1)</script>\x1b[2J"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two students with folders, and files by themselves."""
    folder = tmp_path_factory.mktemp("home") / "class"
    for name, text in {
        "kim/mha.py": LISTED,
        "kim/helpers.py": "class Unrelated:\n    pass\n",
        "lee/src/model.py": ALWAYS_DROPS,
        "lee/src/main.py": "from model import MultiHeadAttention\n",
        "park.py": MULTI_HEAD,
        "evil.py": f"raise ValueError({EVIL!r})\n",
        "loop.py": "while True:\n    pass\n",
        "empty.py": "",
        "__pycache__/old.py": "",
        ".hidden.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(HEAD + text)
    (folder / "notes.txt").write_text("no submission")
    (folder / "nobody").mkdir()
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return verbs.grade(folder, "multi-head-attention", seconds=2.0, quiet=True)


def test_a_row_for_each_submission_in_order(found):
    said = {row.submission.label: row.verdict.status for row in found.rows}
    assert list(said.items()) == [
        ("empty.py", "unknown"), ("evil.py", "unknown"), ("kim", "wrong"), ("lee", "wrong"),
        ("loop.py", "unknown"), ("park.py", "right"),
    ]  # fmt: skip
    assert found.counts == {"right": 1, "wrong": 2, "unknown": 3}
    assert found.faults == [("dropout_in_eval", 1), ("layers_in_python_list", 1)]
    assert found.exit_code == 1


def test_of_a_students_files_those_count_that_have_what_is_asked_for(found):
    rows = {row.submission.label: row for row in found.rows}
    assert [verdict.file for verdict in rows["kim"].verdicts] == ["kim/mha.py"]
    assert [verdict.file for verdict in rows["lee"].verdicts] == ["lee/src/model.py"]
    line = (HEAD + ALWAYS_DROPS).splitlines().index("        a = nn.functional.dropout(a, 0.1)") + 1
    assert rows["lee"].verdict.place == f"lee/src/model.py:{line}"
    assert (line, "        a = nn.functional.dropout(a, 0.1)") in rows["lee"].verdict.excerpt


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_report_is_one_file_and_says_nothing_of_a_strangers(found, lang):
    text = grade_report.page(found, lang).decode()
    assert "<script" not in text and "&lt;script&gt;" in text and "\x1b" not in text
    assert not re.search(r'(src|href)="', text), "all is in the file"
    assert say(lang, "marks_counts", count=6, right=1, wrong=2, unknown=3) in text
    assert text.count("<details>") >= 4 and "<mark>" in text and "<rect" in text
    for row in found.rows:
        assert f"<td>{row.submission.label}</td>" in text
    assert "prefers-color-scheme:dark" in text and f'lang="{lang}"' in text


def test_json_is_enough_to_make_every_verdict_again(found):
    plain = json.loads(json.dumps(found.plain()))
    for row, submission in zip(found.rows, plain["submissions"]):
        assert [Verdict.read(each).plain() for each in submission["verdicts"]] == [
            verdict.plain() for verdict in row.verdicts
        ]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b'{"verdicts": []}', b'{"why": "fault_x", "values": {}}',
        b'{"why": "check_time", "values": {}}', b'{"verdicts": [{"status": "right"}]}',
        b'{"verdicts": 3, "seconds": 1.0}', b"\xff",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_none(text):
    assert told(text) is None


def test_an_answer_in_words_that_there_are_not_is_none():
    right = Verdict("wrong", "x", "attention").plain()
    good = {"verdicts": [right], "holds": [], "seconds": 0.1}
    assert told(json.dumps(good).encode())
    for key, value in (("fault", "nothing"), ("role", "nothing"), ("checked", [["a"]]), ("why", 3)):
        bad = {**good, "verdicts": [{**right, key: value}]}
        assert told(json.dumps(bad).encode()) is None, key


def test_a_worker_that_is_killed_costs_one_submission(folder):
    right = Submission("park.py", [folder / "park.py"], folder)
    endless = Submission("loop.py", [folder / "loop.py"], folder)

    def judged(submission):
        [(position, result)] = sandbox.judge([submission], 1)
        assert position == 0 and result.submission is submission
        return result.verdict

    with Sandbox(Caps()) as sandbox:
        assert judged(right).status == "right"
        [idle] = sandbox.pool.workers
        idle.process.kill()
        idle.process.wait()
        assert judged(right).status == "right", "a new one is started"
        [busy] = sandbox.pool.workers
        assert busy is not idle
        threading.Timer(0.5, busy.process.kill).start()
        assert judged(endless).why[0] == "check_died"
        assert judged(right).status == "right"
        scratch = sandbox.scratch
    assert not scratch.exists()


def call(capsys, *words):
    """Exit code, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as left:
        main(list(map(str, words)))
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_check_of_a_file(folder, capsys):
    code, out, err = call(capsys, "check", folder / "park.py")
    assert (code, err) == (0, "")
    assert out.startswith("✓ MultiHeadAttention is right")
    code, out, _ = call(capsys, "check", folder / "kim" / "mha.py", "--lang", "ko")
    assert code == 1 and out.startswith("✗ mha.py:") and "nn.ModuleList" in out
    assert re.search(r"^  >  .*self\.o = \[nn", out, re.MULTILINE)
    code, out, _ = call(capsys, "check", folder / "evil.py")
    assert code == 7 and "\x1b" not in out


def test_check_takes_one_thing_and_values_of_its_parameters(folder, capsys):
    thing = f"{folder / 'park.py'}:MultiHeadAttention"
    code, out, _ = call(capsys, "check", thing, "d_model=16", "n_heads=4", "--json")
    found = json.loads(out)
    assert code == 0 and set(found) == {"verdicts", "holds", "seconds"}
    assert found["verdicts"][0]["status"] == "right"
    code, out, _ = call(capsys, "check", thing, "d_model=16", "heads=4")
    assert code == 7 and "takes no heads" in out
    code, out, _ = call(capsys, "check", f"{folder / 'park.py'}:Other")
    assert code == 7 and "it has: MultiHeadAttention" in out


def test_check_of_a_folder_writes_what_is_asked_for(folder, capsys, workdir):
    words = ("--as", "multi_head_attention", "--seconds", "2")
    written = ("--report", "m.html", "--json", "m.json")
    code, out, err = call(capsys, "check", folder, *words, *written)
    assert code == 1 and "6 submissions" in out and "check 6/6" in err
    assert json.loads((workdir / "m.json").read_text())["counts"]["wrong"] == 2
    assert (workdir / "m.html").read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    "words",
    [
        ("nothing.py",), (".",), ("a.txt",), ("a.py", "--as", "atention"), ("a.py", "dim"),
        ("a.py", "x.json"), ("a.py", "--adapter", "nothing.py"), ("a.py", "--seconds", "0"),
    ],
)  # fmt: skip
def test_mistakes_in_the_command_are_told(words, workdir, capsys):
    (workdir / "a.txt").touch()
    if words != (".",):
        (workdir / "a.py").write_text(HEAD + ATTENTION)
    code, out, err = call(capsys, "check", *words)
    assert (code, out) == (2, "") and err.startswith("etude: ")


def test_a_role_that_is_not_there_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean multi_head_attention"):
        verbs.grade("x.py", "multihead_attention")
    assert set(grading.role_names()) >= {"attention", "multi_head_attention", "encoder_block"}


def test_roles_are_those_that_the_examiner_knows():
    from etude.checking.roles import NAMES

    assert set(grading.role_names()) == set(NAMES)
