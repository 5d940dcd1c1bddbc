"""The model card: its YAML, its numbers, its code and its names, for each kind of problem."""

import csv
import json
import re
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt
from PIL import Image

import etude
from tests.data.test_forecast import two
from tests.hub.conftest import QUICK

HANGUL = ("한글 '이름'", 'a: "b" #c | d', "*별* <b>&amp;</b> [x](y) _z_ $1$ `q` ~~")
COLUMN = 'x "|" *1*: 값'
KINDS = {
    "names": "tabular-classification", "curve": "tabular-regression",
    "image": "image-classification", "series": "time-series-forecasting",
    "panel": "time-series-forecasting", "aae": "unconditional-image-generation",
}  # fmt: skip


def table(folder):
    """A table whose names have every character that YAML or Markdown could take for its own."""
    random = np.random.default_rng(0)
    path = folder / "데이터: '#1' {x}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([COLUMN, "size", "kind"])
        for i in range(150):
            writer.writerow([i % 3 + random.normal() / 5, random.normal(), HANGUL[i % 3]])
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each kind, and the file that the example of its card reads."""
    folder = tmp_path_factory.mktemp("data")
    names, panel = table(folder), two(folder, "long")
    small = {**QUICK, "model.hidden": [8]}
    forecast = {"data.target": "kw", "data.series": "meter", "data.horizon": 6}
    np.save(folder / "numbers.npy", np.zeros((2, 1)))
    np.save(folder / "sequence.npy", np.full((1, 24, 1), 300.0))
    Image.new("L", (8, 8), 200).save(folder / "picture.png")
    made = {
        "names": etude.train("mlp", data=str(names), **small, **{"data.target": "kind"}),
        "curve": etude.train("mlp", data="curve", **small),
        "image": etude.train("mlp", data="digits", **small),
        "series": etude.train("mlp", data="series", **small),
        "panel": etude.train(
            "mlp", data=str(panel), **small, **forecast, **{"task.name": "quantiles"}
        ),
        "aae": etude.train("aae", data="digits", **QUICK, **{"batch_size": 400}),
    }
    inputs = {
        "names": names, "curve": folder / "numbers.npy", "image": folder / "picture.png",
        "series": folder / "sequence.npy", "panel": panel, "aae": folder / "picture.png",
    }  # fmt: skip
    return {name: (run, inputs[name]) for name, run in made.items()}


@pytest.fixture(scope="module")
def cards(runs):
    """The card of each run, with the pictures that do not need the data."""
    patch = pytest.MonkeyPatch()
    patch.setattr("etude.hub.write.VIEWS", ())
    found = {name: run.repository("ada/x")["README.md"].decode() for name, (run, _) in runs.items()}
    patch.undo()
    return found


def head(card):
    return yaml.safe_load(card.split("---\n")[1])


def rows(card, heading):
    """The first table below a heading, its cells as they are read, head first."""
    tokens = MarkdownIt("commonmark").enable("table").parse(card.partition("\n---\n")[2])
    found, inside, here = [], False, False
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            inside = tokens[i + 1].content == heading
        here = inside and (here or token.type == "table_open")
        if here and token.type == "tr_open":
            found.append([])
        if here and token.type == "inline":
            found[-1].append("".join(child.content for child in token.children))
        if here and token.type == "table_close":
            break
    return found


def words_of(card):
    """The text of a card without its markup."""
    tokens = MarkdownIt("commonmark").enable("table").parse(card.partition("\n---\n")[2])
    inline = (token for token in tokens if token.type == "inline")
    return "\n".join("".join(child.content for child in t.children) for t in inline)


def written(value, share):
    """A value as a card has it, computed by other means: 92.8 %, 17.2, 0.086."""
    if share:
        return f"{round(1000 * value) / 10:.1f} %"
    size = abs(value)
    if size >= 100:
        return f"{round(value):,}"
    return f"{value:.3g}" if size >= 1 else np.format_float_positional(value, 2, fractional=False)


def check(card, run):
    """Every number of the result is that of the run's files."""
    result = json.loads(json.dumps(run.result.plain()))
    test, goal = result["test"], result["goal"]
    share = goal in ("accuracy", "balanced_accuracy", "r2")
    unit = test.get("unit", "")
    unit = "" if unit in ("", "y") or share else f" {unit}"
    [index] = head(card)["model-index"]
    [entry] = index["results"]
    assert entry["dataset"]["args"]["fingerprint"] == run.card.fingerprint
    values = {each["type"]: each for each in entry["metrics"]}
    assert all(each["value"] == test[name] for name, each in values.items())
    assert all(each["args"]["seed"] == result["seed"] for each in values.values())
    best = result["baseline"]["all"][0]
    assert values[goal]["args"]["baseline"] == best["score"]
    assert values[goal]["args"]["baseline_kind"] == best["kind"]
    _, ours, *others = rows(card, "Result")
    assert ours[1] == written(test[goal], share) + unit
    interval = test.get(f"{goal}_95")
    assert ours[2:] == ([" – ".join(written(end, True) for end in interval)] if interval else [])
    if interval:
        assert values[goal]["args"]["interval"] == interval
    stored = [each["score"] for each in result["baseline"]["all"]]
    assert [row[1] for row in others] == [written(score, share) + unit for score in stored]
    for row in rows(card, "By class")[1:]:
        ours = test["per_class"][row[0]]
        numbers = [written(ours[key], True) for key in ("recall", "precision", "f1")]
        assert row[1:] == [*numbers, f"{ours['samples']:,}"]
    for row in rows(card, "By series and by output")[1:] if "by_series" in test else ():
        ours = test["by_series"][row[0]]
        assert row[1:] == [written(ours["mae"], False), written(ours["mase"], False)]
    sizes = [int(cell.replace(",", "")) for cell in rows(card, "Data")[1]]
    assert sizes == [result["sizes"][name] for name in ("train", "val", "test")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_that_of_the_run(kind, runs, cards):
    check(cards[kind], runs[kind][0])


@pytest.mark.parametrize("kind", ["names", "curve", "panel"])
def test_a_saboteur_of_one_digit_is_found(kind, runs, cards):
    """Each number of the tables and of the YAML is changed in turn; the check notices."""
    card, run = cards[kind], runs[kind][0]
    changed = 0
    parts = ("Result", "By class", "Data", *(("By series and by output",) * (kind == "panel")))
    for part in parts:
        section = re.search(rf"## {part}\n.*?(?=\n## |\Z)", card, re.DOTALL)
        lines = section[0].splitlines() if section else []
        table_ = [line for line in lines if line.startswith("| ")]
        for line in table_[2:]:
            name, value, *more = line.split(" | ")
            digit = re.search(r"\d", value)
            wrong = value[: digit.start()] + str((int(digit[0]) + 1) % 10) + value[digit.end() :]
            with pytest.raises(AssertionError):
                check(card.replace(line, " | ".join([name, wrong, *more]), 1), run)
            changed += 1
    for match in re.finditer(r"value: (\d)", card):
        wrong = card[: match.start(1)] + str((int(match[1]) + 1) % 10) + card[match.end(1) :]
        with pytest.raises(AssertionError):
            check(wrong, run)
        changed += 1
    assert changed >= 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_head_is_what_the_hub_reads(kind, runs, cards):
    read = head(cards[kind])
    assert read["library_name"] == "etude" and read["license"] == "other"
    assert read["pipeline_tag"] == KINDS[kind] and KINDS[kind] in read["tags"]
    assert {"etude", runs[kind][0].recipe.model.name} <= set(read["tags"])
    parsed = huggingface_hub.ModelCard(cards[kind]).data
    assert parsed.eval_results[0].metric_value == runs[kind][0].result.score
    assert parsed.eval_results[0].dataset_name == runs[kind][0].result.data


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_open(kind, cards):
    for phrase in ("More Information Needed", "None", "nan", "hub.card", "TODO", "{", "/tmp"):
        assert phrase not in words_of(cards[kind]).replace("{x}", ""), phrase
    for heading in ("Use", "Data", "Result", "Limits", "Train it again", "Files and license"):
        assert f"\n## {heading}\n" in cards[kind]


def test_a_license_is_written_as_it_was_asked_for(runs, few):
    card = runs["curve"][0].repository("x", "cc-by-4.0")["README.md"].decode()
    assert head(card)["license"] == "cc-by-4.0" and "The license is cc-by-4.0." in words_of(card)


def test_names_survive_yaml_and_markdown(runs, cards):
    card = cards["names"]
    assert [row[0] for row in rows(card, "By class")[1:]] == sorted(HANGUL)
    shown = words_of(card)
    assert all(name in shown for name in (*HANGUL, COLUMN))
    data = runs["names"][0].result.data
    assert head(card)["model-index"][0]["results"][0]["dataset"]["name"] == data
    html = MarkdownIt("commonmark").enable("table").render(card.partition("\n---\n")[2])
    assert "<b>" not in html and 'href="y"' not in html


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_of_code_run(kind, runs, workdir, few, capsys):
    run, sample = runs[kind]
    card = (run.save_pretrained("model") / "README.md").read_text(encoding="utf-8")
    first, *others = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(first.splitlines()) == 3
    [name] = re.findall(r'predict\("(.*)"\)', first)
    Path(name).write_bytes(sample.read_bytes())
    names = {}
    for block in (first, *others):
        exec(compile(block, "README.md", "exec"), names)
    assert str(run.predict(name)) in capsys.readouterr().out
    assert "images" not in names or names["images"].shape == (16, 1, 8, 8)
    assert ("images" in names) == (kind == "aae")


def test_pictures_have_the_same_bytes_each_time(runs, monkeypatch):
    monkeypatch.setattr("etude.hub.write.VIEWS", ("curves",))
    run = runs["curve"][0]
    first = run.repository("x")
    assert "pictures/curves.png" in first and run.repository("x") == first


def test_pictures_and_calibration_are_those_of_the_data(runs):
    run = runs["image"][0]
    first = run.repository("x")
    card = first["README.md"].decode()
    linked = set(re.findall(r"\]\((pictures/[^)]+)\)", card))
    assert linked == {name for name in first if name.startswith("pictures/")}
    assert {"pictures/confusion.png", "pictures/calibration.png"} < linked
    assert all(first[name].startswith(b"\x89PNG") for name in linked)
    share = re.search(r"accuracy ([\d.]+)%\. Expected", words_of(card))[1]
    assert share == f"{100 * run.test['accuracy']:.1f}"


def test_coverage_is_that_of_the_run(runs, cards):
    test = runs["panel"][0].test
    line = f"{test['nominal']:.0%} contains {test['coverage']:.1%} of the test values"
    assert line in words_of(cards["panel"])
    assert "coverage" not in cards["curve"].partition("\n---\n")[2]
