"""The model card of a run: README.md, in English. Every number in it is one of the run's files."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etude.data.tabular.columns import used
from etude.errors import plain
from etude.hub import layout
from etude.hub.metadata import front_matter
from etude.inspection import card as report_card
from etude.inspection import words
from etude.inspection.subject import Subject
from etude.inspection.view import ViewPicture
from etude.locale.texts import Lang, metric, render, say
from etude.recipe import digest_of
from etude.runs.recorder import Recorder
from etude.tasks.protocol import Generator

LANG: Lang = "en"
SHOWN = 100
"""The most classes, columns, series and steps that a card lists."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class About:
    """What a card is written from. name: of the repository or folder; files: the others of it;
    version: of étude, that trained the run."""

    subject: Subject
    name: str
    license_: str
    pictures: tuple[ViewPicture, ...]
    files: tuple[str, ...]
    version: str


def readme(about: About) -> str:
    """The card: YAML, then text in Markdown."""
    result = about.subject.result
    title = _say("title", model=words.title(result), data=result.data)
    sections = {
        "use": _use(about), "data": _data(about), "result": _result(about),
        "classes": _classes(about.subject), "series": _series(about.subject),
        "trust": _trust(about), "limits": _limits(about.subject), "repeat": _repeat(about),
        "pictures": _pictures(about), "files": _files(about),
    }  # fmt: skip
    parts = [f"# {title}", *_intro(about)]
    for name, section in sections.items():
        if lines := list(section):
            parts += [f"## {say(LANG, f'hub.card.{name}')}", *lines]
    return front_matter(about.subject, about.name, about.license_) + "\n\n".join(parts) + "\n"


def harmless(words_: str) -> str:
    """Words for Markdown: on one line, and no character of them is markup."""
    line = re.sub(r"\s+", " ", plain(words_)).strip().replace("&", "&amp;")
    return SPECIAL.sub(r"\\\1", line)


def _say(name: str, **values: object) -> str:
    """A sentence of the card for Markdown."""
    return harmless(say(LANG, f"hub.card.{name}", **values))


def _intro(about: About) -> Iterator[str]:
    """What the network is, what it reads and what it answers."""
    subject, card = about.subject, about.subject.card
    values = {"model": words.title(subject.result), "parameters": subject.result.parameters}
    yield _say("intro", **values)
    yield _say("reads", reads=render(LANG, card.spec.words))
    if columns := used(card.columns):
        yield _say("columns", count=len(columns), named=_listed([c.name for c in columns]))
    if isinstance(subject.task, Generator):
        yield _say("answers.images", width=subject.result.code)
    elif card.target == "class":
        yield _say("answers.class", count=card.outputs, named=_listed(card.classes))
    else:
        unit = card.unit or "-"
        named = _listed(card.targets) if card.targets else card.outputs
        yield _say(f"answers.{card.target}", count=card.outputs, named=named, unit=unit)


def _listed(names: Sequence[str]) -> str:
    """Names, at most `SHOWN` of them."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (say(LANG, "hub.card.more", count=more) if more > 0 else "")


def _use(about: About) -> Iterator[str]:
    """Three lines of code that run."""
    card = about.subject.card
    sample = {"image": "picture.png", "sequence": "sequence.npy", "vector": "numbers.npy"}[
        card.kind
    ]
    if card.columns or card.panel:
        sample = "rows.csv"
    yield "```sh\npip install 'etude[hub]'\n```"
    name = json.dumps(about.name, ensure_ascii=False)  # quotes as in Python
    lines = [
        "import etude", f"run = etude.from_pretrained({name})", f'print(run.predict("{sample}"))'
    ]  # fmt: skip
    yield "```python\n" + "\n".join(lines) + "\n```"
    if isinstance(about.subject.task, Generator):
        yield "```python\nimages = run.generate(16)\n```"
    yield _say("prepares")


def left_out(run: Recorder) -> int:
    """How many samples training left out because they could not be used."""
    found = run.read("provenance.json").get("left_out", 0)
    return found if isinstance(found, int) else len(found)


def _data(about: About) -> Iterator[str]:
    """The data set, its splits, its checks, and what training did not see."""
    subject, result = about.subject, about.subject.result
    source = subject.recipe.data
    yield _say("source", data=result.data, source=source.name)
    if result.sizes:
        yield _table([["train", "val", "test"], [f"{n:,}" for n in dict(result.sizes).values()]])
    yield _say("fingerprint", fingerprint=subject.card.fingerprint)
    yield _say("left_out", count=left_out(subject.folder))
    notes = [f"- {harmless(note)}" for note in words.data_notes(result, LANG)]
    if notes:
        yield "\n".join(notes)


def _result(about: About) -> Iterator[str]:
    """The test result beside the baselines, and the findings of the report."""
    result = about.subject.result
    goal, unit = result.goal, result.test.unit
    rows = [["", metric(goal, LANG)], [words.title(result), words.number(result.score, goal, unit)]]
    for baseline in result.baseline.all:
        name = words.baseline_name(baseline, LANG)
        rows.append([name, words.number(baseline.score, goal, unit)])
    if (interval := result.test.interval(goal)) is not None:
        ends = " – ".join(words.number(end, goal) for end in interval)
        column = [say(LANG, "hub.card.interval"), ends, *("" for _ in result.baseline.all)]
        rows = [[*row, cell] for row, cell in zip(rows, column, strict=True)]
    yield _table(rows)
    history = about.subject.history
    findings = words.sentences(result, history, LANG)
    # Suggestions are for whoever trains, and the notes are in other sections.
    steps = words.next_steps(result, history, LANG)
    said = [say(LANG, "note", note=note) for note in words.data_notes(result, LANG)]
    yield "\n".join(f"- {harmless(s)}" for s in findings if s not in (*steps, *said))


def _classes(subject: Subject) -> Iterator[str]:
    """The metrics of each class."""
    test = subject.result.test
    names = test.classes or tuple(test.per_class)
    rows = [(name, test.per_class[name].plain()) for name in names if name in test.per_class]
    if not rows:
        return
    keys = [key for key in ("recall", "precision", "f1") if key in rows[0][1]]
    head = ["", *keys, "samples"]
    shown = [
        [name, *(f"{100 * float(str(row[key])):.1f} %" for key in keys), f"{row['samples']:,}"]
        for name, row in rows[:SHOWN]
    ]
    yield _table([head, *shown])
    if len(rows) > SHOWN:
        yield _say("rest", count=len(rows) - SHOWN)


def _series(subject: Subject) -> Iterator[str]:
    """The errors of each series, and of each value or step."""
    test, goal, unit = subject.result.test, subject.result.goal, subject.result.test.unit
    if test.by_series:
        rows = [
            [name, words.digits(row.mae), words.digits(row.mase)]
            for name, row in list(test.by_series.items())[:SHOWN]
        ]
        yield _table([["", metric("mae", LANG), metric("mase", LANG)], *rows])
    errors = test.by_output.get(goal, ())
    if errors:
        steps = [say(LANG, "hub.card.step", number=n) for n in range(1, len(errors) + 1)]
        names = test.outputs if len(test.outputs) == len(errors) else steps
        rows = [[n, words.number(e, goal, unit)] for n, e in zip(names, errors, strict=True)]
        yield _table([["", metric(goal, LANG)], *rows[:SHOWN]])


def _trust(about: About) -> Iterator[str]:
    """How far probabilities and intervals can be relied on."""
    subject, test = about.subject, about.subject.result.test
    if test.coverage is not None:
        yield _say("coverage", share=test.coverage, nominal=test.nominal)
    if subject.task.predicts == "classes":
        yield _say("calibration")
        drawn = [each for each in about.pictures if each.name == "calibration"]
        if drawn and drawn[0].notice:
            yield harmless(drawn[0].notice)


def _limits(subject: Subject) -> Iterator[str]:
    """What a reader must know before relying on it."""
    result = subject.result
    lines = report_card.notes(result, subject.history, LANG)
    lines = lines[: len(lines) - len(result.notes)]  # those of the data are in their section
    lines += [say(LANG, f"hub.card.limit.{name}") for name in ("origin", "seed", "outside")]
    yield "\n".join(f"- {harmless(line)}" for line in lines)


def _repeat(about: About) -> Iterator[str]:
    """The command that trains it again, its recipe and the versions."""
    subject = about.subject
    yield f"```sh\netude train {layout.RECIPE}\n```"
    digest = digest_of(layout.without_paths(subject.folder.read(layout.RECIPE)))
    yield _say("again", seed=subject.recipe.seed, digest=digest[:12])
    train = subject.recipe.train.plain()
    yield _table([["setting", "value"], *([key, _cell(value)] for key, value in train.items())])
    environment = subject.folder.read("provenance.json").get("environment") or {}
    packages = environment.get("packages") or {}
    python = [("python", environment["python"])] if "python" in environment else []
    versions = ", ".join(f"{name} {number}" for name, number in (*python, *packages.items()))
    yield _say("versions", versions=versions)


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pictures(about: About) -> Iterator[str]:
    """The pictures, each with its caption and what to notice in it."""
    for each in about.pictures:
        yield f"![{harmless(each.alt)}]({layout.PICTURES}/{each.name}.png)"
        yield f"**{harmless(each.title)}.** {harmless(each.notice)}".strip()


def _files(about: About) -> Iterator[str]:
    """What the repository holds, and its license."""
    known = (layout.WEIGHTS, layout.CONFIG, layout.RECIPE, layout.METRICS, layout.TIMING)
    lines = [f"- `{name}`: {say(LANG, f'hub.file.{name}')}" for name in known]
    if layout.ONNX in about.files:
        lines.append(f"- `{layout.ONNX}`: {say(LANG, 'hub.file.model.onnx')}")
    yield "\n".join(lines)
    yield _say("license.other" if about.license_ == "other" else "license", license=about.license_)


def _table(rows: Rows) -> str:
    """A table in Markdown, head first; the first column has names, the others numbers."""
    head, *others = rows
    lines = [head, ["---", *("---:" for _ in head[1:])]]
    shown = [" | ".join(harmless(cell) for cell in row) for row in others]
    first = " | ".join(harmless(cell) for cell in head)
    return "\n".join(f"| {line} |" for line in (first, " | ".join(lines[1]), *shown))
