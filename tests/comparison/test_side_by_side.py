"""Finished runs side by side: who can be compared, how they are ranked, and what is said of it."""

import html
import json
import shutil

import pytest

import etude
from etude.cli import main
from etude.comparison import side_by_side
from etude.errors import RunError, UsageError


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two seeds of one network, another network, and a run of other data and task."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        small = {"quiet": True, "epochs": 1, "model.hidden": [8]}
        for seed in (0, 1):
            etude.train("mlp", "digits", name=f"mlp-{seed}", seed=seed, **small)
        etude.train("mlp", "digits", name="wide", **{**small, "model.hidden": [32, 16]})
        etude.train("mlp", "curve", name="curve", **small)
        shutil.copytree("runs/curve", "runs/stopped")
        metrics = home / "runs/stopped/metrics.jsonl"
        rows = metrics.read_text().splitlines(keepends=True)
        metrics.write_text("".join(row for row in rows if '"event": "end"' not in row))
        shutil.copytree("runs/wide", "runs/other")
        provenance = home / "runs/other/provenance.json"
        stored = json.loads(provenance.read_text())
        provenance.write_text(json.dumps({**stored, "fingerprint": "0" * 64}))
    return home


@pytest.fixture
def home(place, monkeypatch):
    """The working folder, without reports of earlier comparisons."""
    monkeypatch.chdir(place)
    yield place
    for report in (place / "runs").glob("compare*"):
        shutil.rmtree(report)


def call(capsys, *arguments):
    """Exit code, stdout and stderr of a command."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_runs_that_differ_in_their_seed_are_one_group(home):
    found = etude.compare(["runs/mlp-0", "mlp-1", home / "runs" / "wide"])
    [board] = found.boards
    assert (board.goal, board.task) == ("accuracy", "classify")
    assert sorted(map(len, board.groups.values())) == [1, 2]
    assert set(board.groups) == {"mlp", "wide"}
    assert set(found.labels) == {"mlp-0", "mlp-1", "wide"}
    assert set(board.differs) == {"model.hidden", "seed"}
    assert board.differs["model.hidden"] == {"mlp-0": [8], "mlp-1": [8], "wide": [32, 16]}
    [pair] = board.verdicts
    assert {pair.first, pair.other} == {"mlp", "wide"}
    page = (found.path / "report.html").read_text()
    assert page.count("<figure>") == 1
    for words in ("model.hidden", "[32, 16]", "95 % interval", "Differences between the recipes"):
        assert words in page


def test_the_best_comes_first_whichever_way_is_better(home):
    found = etude.compare("runs")
    for board in found.boards:
        means = [row["mean"] for row in side_by_side.plain(board)["rows"]]
        assert means == sorted(means, reverse=board.goal == "accuracy")


def test_the_command_says_it_all_on_stdout(home, capsys):
    code, out, err = call(capsys, "compare", "runs/mlp-0", "runs/wide")
    assert code == 0, err
    for words in (
        "vs. the first",
        "model.hidden differs: ",
        "test accuracy",
        "report.html",
    ):
        assert words in out, words
    code, out, _ = call(capsys, "compare", "runs/mlp-0", "wide", "--lang", "ko")
    assert code == 0
    assert "순위" in out


def test_json_has_rows_verdicts_and_what_differs(home, capsys):
    code, out, _ = call(capsys, "compare", "runs/mlp-0", "runs/mlp-1", "runs/wide", "--json")
    assert code == 0
    [board] = json.loads(out)["boards"]
    assert [row["rank"] for row in board["rows"]] == [1, 2]
    assert board["verdicts"][0]["verdict"] in ("some", "none", "untold")
    assert board["differs"]["seed"] == {"mlp-0": 0, "mlp-1": 1, "wide": 0}


def test_a_folder_is_ranked_by_data_and_task_and_what_is_unfinished_is_named(home, capsys):
    code, out, err = call(capsys, "compare", "runs/")
    assert code == 0, err
    assert "1 run omitted, unfinished or unreadable: runs/stopped." in out
    found = etude.compare("runs/")
    assert sorted((b.data, len(b.labels), b.goal) for b in found.boards) == [
        ("curve", 1, "mae"), ("digits", 1, "accuracy"), ("digits", 3, "accuracy"),
    ]  # fmt: skip
    assert set(found.left_out) == {"runs/stopped"}
    assert "runs/stopped" in (found.path / "report.html").read_text()


@pytest.mark.parametrize("more", [[], ["--different-data"]])
def test_other_tasks_are_refused_always(home, capsys, more):
    code, out, err = call(capsys, "compare", "runs/mlp-0", "runs/curve", *more)
    assert (code, out) == (2, "")
    assert "different tasks" in err
    assert "curve: regress (mean absolute error)" in err


def test_other_data_are_refused_unless_asked_and_then_nothing_is_called_better(home, capsys):
    code, out, err = call(capsys, "compare", "runs/wide", "runs/other")
    assert (code, out) == (2, "")
    assert "different data" in err
    assert "--different-data" in err
    assert not list((home / "runs").glob("compare*")), "nothing is left behind"
    code, out, err = call(capsys, "compare", "runs/wide", "runs/other", "--different-data")
    assert code == 0, err
    assert "These runs use different data" in out
    assert "No difference" not in out
    assert "better than" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs/wide"], "needs two"),
        (["runs/wide", "runs/wide"], "named twice"),
        (["runs/wide", "runs/stopped"], "unfinished"),
        (["runs/wide", "runs/widee"], "no run in this folder"),
        (["mlp", "cnn"], "--model mlp,cnn"),
        (["mlp,cnn"], "--model mlp,cnn"),
        (["runs/wide", "runs/mlp-0", "--lr", "0.1"], "lr says how to train"),
        (["runs/wide", "runs/mlp-0", "--epochs", "3"], "epochs says how to train"),
        (["runs/wide", "runs/mlp-0", "--name", "wide"], "already exists"),
        (["--model", "mlp,cnn", "--data", "digits", "--different-data"], "goes with finished runs"),
    ],
)
def test_mistakes_are_told(home, capsys, arguments, words):
    code, out, err = call(capsys, "compare", *arguments)
    assert code in (2, 4)
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_an_empty_folder_has_nothing_to_compare(home, tmp_path):
    with pytest.raises(UsageError, match="no finished runs"):
        etude.compare(tmp_path)
    with pytest.raises(RunError):
        etude.compare([tmp_path / "nothing"])


def test_many_runs_have_a_line_each_and_their_verdicts_are_put_together(home):
    runs = [etude.load(name) for name in ("mlp-0", "wide")]
    copies = {f"copy-{i}": runs[i % 2] for i in range(8)}
    board = side_by_side.Leaderboard(
        "digits", "classify", "accuracy", ("x",), {k: [r] for k, r in copies.items()}, copies
    )
    assert len(side_by_side.recipes(board)) == 9
    said = side_by_side.sentences(board)
    assert len(said) < 5
    assert any("28 comparisons" in line for line in said)


def test_both_languages_say_the_same(home, tmp_path):
    found = etude.compare("runs/")
    english, korean = (side_by_side.all_sentences(found, lang) for lang in ("en", "ko"))
    assert len(english) == len(korean)
    assert [len(row) for row in side_by_side.all_rankings(found, "en")] == [
        len(row) for row in side_by_side.all_rankings(found, "ko")
    ]


def test_a_comparison_without_rules_says_its_warning_and_verdict(home, capsys):
    code, out, err = call(
        capsys, "compare", "--model", "mlp", "--data", "digits", "--optimizer", "adam,sgd", "--lr",
        "0.002", "--seed", "0,1", "--epochs", "1", "--name", "compare-c", "--workers", "1",
        "model.hidden=8",
    )  # fmt: skip
    assert code == 0, err
    assert "One learning rate (0.002) for all is not a fair comparison" in out
    assert "No difference" in out or "is better than" in out
    page = (home / "runs/compare-c/report.html").read_text()
    for line in out.splitlines():
        if line.startswith(("One learning", "No difference", "adam is", "sgd is")):
            assert line in html.unescape(page)
    code, out, _ = call(capsys, "resume", "runs/compare-c", "--lang", "ko")
    assert "공정한 비교가 아님" in out
    code, out, _ = call(capsys, "resume", "runs/compare-c", "--json")
    found = json.loads(out)
    assert found["warning"].startswith("One learning rate (0.002)")
    assert found["verdicts"]["runs"][0]["verdict"] in ("some", "none", "untold")


def test_one_group_of_seeds_has_its_result_said(home, capsys):
    code, out, err = call(
        capsys, "compare", "--model", "mlp", "--data", "digits", "--seed", "0,1", "--epochs", "1",
        "--name", "compare-s", "--workers", "1", "model.hidden=8",
    )  # fmt: skip
    assert code == 0, err
    assert "all: test accuracy" in out
    assert "2 runs)" in out
