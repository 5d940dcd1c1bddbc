"""A duel as a person meets it: from the command to the report, stopped, killed and gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import etude
from etude import errors, pipeline, verbs
from etude.cli import main
from etude.comparison import standings
from etude.comparison.journal import Journal
from etude.runs.comparison import ComparisonFolder

SMALL = ["--epochs", "1", "model.hidden=16", "--workers", "1"]
DUEL = ["compare", "--model", "mlp", "--data", "digits", "--optimizer", "sgd,adam",
        "--lr", "0.01,0.1", *SMALL]  # fmt: skip


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of a command, as if typed."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def timeless(found: dict) -> dict:
    """What was found, but clock times."""
    plain = json.loads(json.dumps(found))
    for one in plain["contenders"]:
        for key in ("seconds", "median_seconds"):
            (one["to_target"] or {}).pop(key, None)
    for key in ("seconds", "run", "members"):
        plain.pop(key, None)
    return plain


def weights(place: Path) -> dict[str, bytes]:
    found = place.rglob("checkpoints/*/model.safetensors")
    return {str(path.relative_to(place)): path.read_bytes() for path in found}


def outcomes(place: Path) -> int:
    path = place / "outcomes.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An unbroken duel: its folder, and what it printed as JSON."""
    here, place = os.getcwd(), tmp_path_factory.mktemp("whole")
    os.chdir(place)
    try:
        duel = verbs.compare(
            model="mlp", data="digits", optimizer="sgd,adam", lr="0.01,0.1", name="d", workers=1,
            quiet=True, epochs=1, **{"model.hidden": [16]},
        )  # fmt: skip
        yield place / "runs" / "d", json.loads(json.dumps(verbs.summary(duel)))
    finally:
        os.chdir(here)


def test_a_duel_by_rules_ends_with_everything_in_json_and_in_a_report(whole):
    place, found = whole
    assert [one["label"] for one in found["contenders"]] == ["sgd", "adam"]
    for one in found["contenders"]:
        assert [point["rate"] for point in one["grid"]] == [0.01, 0.1]
        assert len(one["tuned"]["test"]) == len(one["default"]["test"]) == 5
        assert one["tuned"]["interval"][0] <= one["tuned"]["mean"] <= one["tuned"]["interval"][1]
        assert one["default"]["rate"] == one["default_rate"] == 0.0015
    assert len(found["members"]) == 20
    assert set(found["verdicts"]) == {"tuned", "default"}
    assert set(found["seconds"]) == {"search", "finals"}
    page = (place / "report.html").read_text()
    for words in (
        "By rules",
        "one rate for all",
        "learning rate",
        "s for the search",
        "Runs for the search",
    ):
        assert words in page
    assert page.count("<figure>") == 4
    assert len(list((place / "search").iterdir())) == 4


def test_searched_runs_are_untested_and_tested_ones_whole(whole):
    place, found = whole
    for run in (place / "search").iterdir():
        assert '"event": "end"' not in (run / "metrics.jsonl").read_text()
    one = verbs.load(found["members"][0]["run"] if Path(found["members"][0]["run"]).is_absolute()
                     else place / Path(found["members"][0]["run"]).name)  # fmt: skip
    assert one.recipe.train.threads == 1
    assert one.recipe.train.warmup == 0


def test_the_table_and_sentences_come_out_in_both_languages(whole, capsys, monkeypatch):
    monkeypatch.chdir(whole[0].parent.parent)
    code, out, err = call(capsys, "resume", "d")  # which has ended: it says it again
    assert code == 0, err
    for words in ("contender", "sgd", "adam", "0.0015", "at the edge", "report.html"):
        assert words in " ".join(out.split())
    assert call(capsys, "report", "runs/d", "--lang", "ko")[0] == 0
    assert "학습률" in (whole[0] / "report.html").read_text()


def test_a_stopped_duel_goes_on_to_the_same_numbers_and_bytes(whole, workdir, capsys, monkeypatch):
    """Ctrl-C inside a member and between two, then a line half written."""
    place, found = whole
    real, calls = pipeline.rehearse, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) in (3, 9):
            raise KeyboardInterrupt if len(calls) == 3 else errors.Interrupted("saved")
        return real(*arguments)

    monkeypatch.setattr(pipeline, "rehearse", interrupted)
    code, _, err = call(capsys, *DUEL, "--name", "d")
    assert (code, "2 runs done" in err, "etude resume runs/d" in err) == (130, True, True)
    code, _, err = call(capsys, "resume", "runs/d")
    assert (code, "7 runs done" in err) == (130, True)
    with (workdir / "runs" / "d" / "outcomes.jsonl").open("a") as file:
        file.write('{"stage": "search", "outc')
    code, out, err = call(capsys, "resume", "runs/d", "--json")
    assert code == 0, err
    assert timeless(json.loads(out)) == timeless(found)
    assert weights(workdir / "runs" / "d") == weights(place) != {}
    assert len(calls) == 4 + 20 + 2, "members that had ended were run again"


def test_one_process_at_a_time_works_on_a_duel(whole, capsys, monkeypatch):
    monkeypatch.chdir(whole[0].parent.parent)
    folder = ComparisonFolder.open(Path("runs/d"))
    folder.lock()
    try:
        code, _, err = call(capsys, "resume", "d")
    finally:
        folder.release()
    assert (code, "another process works on this" in err) == (6, True)
    code, _, err = call(capsys, *DUEL, "--name", "d")
    assert (code, "etude resume runs/d" in err) == (2, True)


def test_a_damaged_duel_is_told(whole, workdir, capsys):
    place = workdir / "runs" / "d"
    place.mkdir(parents=True)
    good = json.loads((whole[0] / "duel.json").read_text())
    for damage, words in (
        ("{", "duel.json"),
        (json.dumps({**good, "rules": 5}), "plan is damaged"),
        (json.dumps({**good, "odd": 5}), "plan is damaged"),
    ):
        (place / "duel.json").write_text(damage)
        code, _, err = call(capsys, "resume", "d")
        assert (code, words in err, "Traceback" in err) == (2, True, False), err
    for change in (
        {"label": "../../elsewhere"},
        {"label": "a/b"},
        {"mapping": {"model": 5}},
        {"mapping": {**good["contenders"][0]["mapping"], "train": 5}},
    ):
        contenders = [{**good["contenders"][0], **change}]
        (place / "duel.json").write_text(json.dumps({**good, "contenders": contenders}))
        code, _, err = call(capsys, "resume", "d")
        assert (code, "plan is damaged" in err) == (2, True), err
    (place / "duel.json").write_text(json.dumps(good))
    row = json.loads((whole[0] / "outcomes.jsonl").read_text().splitlines()[0])
    for change in ({"label": 5}, {"best": "x"}, {"val": [1, 2, 3]}, {"odd": 1}, {"seconds": None}):
        bad = {**row, "outcome": {**row["outcome"], **change}}
        (place / "outcomes.jsonl").write_text(json.dumps(bad) + "\n")
        code, _, err = call(capsys, "resume", "d")
        assert (code, "outcome" in err, "Traceback" in err) == (2, True, False), (change, err)
    (place / "outcomes.jsonl").unlink()
    (place / "outcomes.jsonl").symlink_to(whole[0] / "outcomes.jsonl")
    code, _, err = call(capsys, "resume", "d")
    assert (code, "a link, not a file" in err) == (2, True)
    (place / "outcomes.jsonl").unlink()
    (place / "outcomes.jsonl").write_text("")
    code, _, err = call(capsys, "report", "d")
    assert (code, "unfinished" in err, "etude resume" in err) == (2, True, True)


def test_a_changed_outcome_changes_what_is_said(whole, workdir):
    """The saboteur: a report that did not read its outcomes would say the same."""
    place, found = whole
    rows = [json.loads(line) for line in (place / "outcomes.jsonl").read_text().splitlines()]
    first = found["verdicts"]["tuned"][0]["first"]
    best = next(one for one in found["contenders"] if one["label"] == first)
    journal = Journal(ComparisonFolder.open(place))
    for row in rows:
        if row["outcome"]["label"] in best["tuned"]["members"]:
            row["outcome"]["test"] = 0.01
            journal._apply(row)
    again = standings.findings(journal.plan.contenders, journal.plan.rules, journal.outcomes)
    assert again.verdicts["tuned"][0].first != first


def test_a_rate_that_is_too_high_is_said_and_stops_nothing(workdir, capsys):
    code, out, err = call(
        capsys, "compare", "--model", "mlp", "--data", "digits", "--lr", "0.01,1e30", *SMALL,
        "--name", "d", "--json",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(out)
    [one] = found["contenders"]
    assert one["label"] == "mlp"
    assert (one["chosen"]["rate"], one["grid"][1]["diverged"]) == (0.01, 1)
    assert "not finite" in found["diverged"]["mlp-lr1e+30-seed0"]
    page = (workdir / "runs" / "d" / "report.html").read_text()
    assert "1 of 2 runs in the search diverged, at 1e+30" in page


def test_members_as_they_are_also_outlive_one_that_diverges(workdir, capsys, monkeypatch):
    """Without rules: no search, each tested, no report of its own until it is asked for."""
    real = pipeline.rehearse

    def one_diverges(place, mapping, tested):
        if place.name == "seed1":
            mapping = {**mapping, "train": {**mapping["train"], "lr": 1e30}}
        return real(place, mapping, tested)

    monkeypatch.setattr(pipeline, "rehearse", one_diverges)
    plain = ["compare", "--model", "mlp", "--data", "digits", "--seed", "0,1,2", *SMALL]
    code, out, err = call(capsys, *plain, "--name", "c")
    assert code == 0, err
    assert "seed1 diverged: " in out and "not finite" in out
    assert "seed0" in out and "seed2" in out
    assert "seed1 diverged" in (workdir / "runs" / "c" / "report.html").read_text()
    assert not (workdir / "runs" / "c" / "seed0" / "report.html").exists()
    assert call(capsys, "report", "runs/c/seed0")[0] == 0
    plain = ["compare", "--model", "mlp", "--data", "digits", "--seed", "0,1", "--lr", "1e30"]
    code, _, err = call(capsys, *plain, *SMALL, "--name", "e")
    assert (code, "every run diverged" in err, "seed1" in err) == (5, True, True)


def test_another_machine_is_told_when_a_duel_goes_on(whole, workdir, capsys):
    place = workdir / "runs" / "d"
    place.mkdir(parents=True)
    plan = json.loads((whole[0] / "duel.json").read_text())
    plan["environment"]["python"] = "2.7"
    (place / "duel.json").write_text(json.dumps(plan))
    (place / "outcomes.jsonl").write_bytes((whole[0] / "outcomes.jsonl").read_bytes())
    for run in whole[0].glob("*-seed*"):
        (place / run.name).symlink_to(run)
    code, _, err = call(capsys, "resume", "d")
    assert code == 0, err
    assert "bytes may differ from an unbroken comparison: python: 2.7 then" in err


CODE = "import sys; from etude.cli import main; main(sys.argv[1:])"


def start(*arguments: str) -> subprocess.Popen:
    """The command in a process of its own, as a terminal starts it."""
    home = str(Path(etude.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": home}
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *arguments], env=environment, stderr=subprocess.PIPE, text=True
    )


def after(process: subprocess.Popen, place: Path, count: int) -> None:
    """Wait until so many outcomes are known."""
    end = time.monotonic() + 120
    while outcomes(place) < count and time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_duel_goes_on_to_the_same_numbers_and_bytes(whole, workdir, capsys):
    """kill -9 of the duel, two workers at work, then Ctrl-C, then SIGTERM, then to the end."""
    place = workdir / "runs" / "d"
    process = start(*DUEL[:-1], "2", "--save-seconds", "0.05", "--name", "d")
    for count, number, code in ((2, signal.SIGKILL, -9), (6, signal.SIGINT, 130),
                                (12, signal.SIGTERM, 75)):  # fmt: skip
        after(process, place, count)
        process.send_signal(number)
        _, err = process.communicate(timeout=90)
        assert process.returncode == code, err
        assert code < 0 or "etude resume runs/d" in err
        process = start("resume", "runs/d", "--json")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    _, out, _ = call(capsys, "resume", "runs/d", "--json")
    assert timeless(json.loads(out)) == timeless(whole[1])
    assert weights(place) == weights(whole[0]) != {}
    for run in whole[0].glob("*-seed*"):
        mine = verbs.load(place / run.name)
        assert (mine.path / "metrics.jsonl").read_bytes() == (run / "metrics.jsonl").read_bytes()


@pytest.mark.slow
def test_a_caller_that_cannot_be_imported_again_may_compare(workdir):
    """From a program on stdin without a guard, with two workers."""
    code = (
        "import etude\n"
        "duel = etude.compare(model='mlp', data='digits', seed='0,1', epochs=1, quiet=True)\n"
        "print(*duel.labels, len(duel.runs))\n"
    )
    home = str(Path(etude.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-"], input=code, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": home},
    )  # fmt: skip
    assert done.stdout == "seed0 seed1 2\n", done.stderr
