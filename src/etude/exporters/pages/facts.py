"""What the page of a network knows: its inputs, its samples with étude's answers, the result."""

import math

import numpy as np

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.tabular.columns import Column, used
from etude.exporters.exporter import Trained
from etude.exporters.graph import Deployed, answers
from etude.exporters.parity import CLASSES, TOLERANCE
from etude.exporters.tapes.check import evenly
from etude.exporters.tapes.form import Tape
from etude.locale.texts import LANGS, Lang, sample_name, say, texts, unit_name
from etude.system.limits import Plain
from etude.tasks.protocol import Codes

PROBES = 3
"""Random inputs by which the page checks itself, also without samples."""
WORDS = (
    "canvas", "check", "class", "clear", "codes", "decoded", "eraser", "error", "file",
    "finite", "forecast", "forecast.one", "high", "hint", "keys", "lead", "legend.ahead",
    "legend.band", "legend.future", "legend.known", "lines", "low", "missing", "most", "notes",
    "number", "numbers", "offline", "other", "others", "own", "plane", "plot", "positive",
    "random", "refused", "rest", "rows", "sample", "seen", "sequence", "sequence.one", "step",
    "steps", "steps.axis", "table", "title.about", "title.answer", "title.input", "truth",
    "undo", "unreadable", "value", "values", "zero",
)  # fmt: skip
"""The sentences that the script says."""


def words() -> dict[Lang, dict[str, str]]:
    """The sentences of the script by language and name; it fills in their values."""
    return {lang: {name: texts(lang)[f"web.{name}"] for name in WORDS} for lang in LANGS}


def shape_of(card: Card) -> tuple[int, ...]:
    """The shape of a raw sample."""
    columns = used(card.columns)
    return (*card.shape[:-1], len(columns)) if columns else card.shape


def page(trained: Trained, tape: Tape, samples: int, lang: Lang) -> Plain:
    """Everything that the page shows but the tape, as JSON values."""
    card, task = trained.card, trained.task
    split = trained.samples()
    some = evenly(split, samples) if samples else split.take(np.arange(0))
    probes = _probes(card)
    every = answers(Deployed(trained), evenly(split, 200))
    return {
        "lang": lang,
        "words": words(),
        "names": {code: say(code, "web.language") for code in LANGS},
        "kind": card.kind,
        "shape": list(shape_of(card)),
        "answers": _answers_of(tape),
        "classes": list(card.classes),
        "targets": list(card.targets),
        "unit": {code: _unit(card, code) for code in LANGS},
        "share": _share(trained),
        "length": card.shape[0] if card.kind == "sequence" else 1,
        "least": max(card.season, 1) if card.target == "forecast" else 1,
        "log": card.log,
        "empty": bool(card.columns),
        "pixels": list(card.pixels or (0.0, 255.0)),
        "whole": card.stored not in ("float32", "float64"),
        "dark": _dark(card, split),
        "columns": _columns(card),
        "panel": _panel(card),
        "code": _code(trained, tape),
        "blank": _blank(card),
        "tolerance": TOLERANCE,
        "spread": {n: 1.0 if n == CLASSES else float(x.std()) or 1.0 for n, x in every.items()},
        "probes": _samples(trained, probes, tape),
        "samples": _described(trained, some, split, tape),
        "contains": {code: _contains(code, len(some), trained) for code in LANGS},
        **_about(trained),
        "task": task.name,
    }


def _about(trained: Trained) -> Plain:
    found = {code: trained.about(code) for code in LANGS}
    return {
        "facts": {code: [list(pair) for pair in facts] for code, (facts, _) in found.items()},
        "notes": {code: list(notes) for code, (_, notes) in found.items()},
    }


def _answers_of(tape: Tape) -> str:
    by_output = {CLASSES: "classes", "forecast": "forecast", "image": "codes"}
    return next((how for name, how in by_output.items() if name in tape.outputs), "values")


def _contains(lang: Lang, count: int, trained: Trained) -> str:
    return say(lang, "web.contains" if count else "web.contains.none", count=count,
               data=trained.card.name)  # fmt: skip


def _samples(trained: Trained, split: Split, tape: Tape) -> list[Plain]:
    """Samples as numbers with étude's answers. Of tables an empty cell is null."""
    if not len(split):
        return []
    made = answers(Deployed(trained), split)
    lengths = split.lengths if split.lengths is not None else np.full(len(split), split.x.shape[1])
    return [
        {
            "x": _plain(np.asarray(split.x[i : i + 1])),
            "length": int(lengths[i]),
            "answers": {name: _plain(made[name][i]) for name in tape.outputs},
        }
        for i in range(len(split))
    ]


def _plain(x: np.ndarray) -> list[float | int | None]:
    return [None if isinstance(v, float) and math.isnan(v) else v for v in x.ravel().tolist()]


def _described(trained: Trained, some: Split, split: Split, tape: Tape) -> list[Plain]:
    """The samples of the page with their names, true answers and series."""
    card, found = trained.card, _samples(trained, some, tape)
    places = np.unique(np.linspace(0, len(split) - 1, max(len(some), 1)).astype(np.int64))
    series = _series_of(card, len(split))
    for i, sample in enumerate(found):
        name = some.names[i] if some.names else None
        sample["name"] = {
            lang: sample_name(lang, name) if name else say(lang, "web.test", index=int(places[i]))
            for lang in LANGS
        }
        sample["series"] = int(series[places[i]])
        y = some.y[i]
        if card.target == "class":
            sample["truth"] = int(y)
        elif card.target == "value" and card.outputs == 1:
            sample["truth"] = float(np.ravel(y)[0])
        elif card.target == "forecast":
            sample["future"] = np.ravel(_own(card, y, int(series[places[i]]))).tolist()
    return found


def _series_of(card: Card, count: int) -> np.ndarray:
    """The number of the series of each test sample."""
    windows = card.panel.windows.get("test", ()) if card.panel else ()
    if sum(windows) != count:
        return np.zeros(count, np.int64)
    return np.repeat(np.arange(len(windows)), windows)


def _own(card: Card, y: np.ndarray, series: int) -> np.ndarray:
    """Targets in the units of their series."""
    if card.panel is None or len(card.panel.series) == 1:
        return y
    one = card.panel.series[series]
    plain = np.asarray(y, np.float64) * one.std + one.mean
    return np.exp(plain) if card.panel.log else plain


def _columns(card: Card) -> list[Plain]:
    columns = used(card.columns)
    if columns:
        names = ("name", "kind", "low", "high")
        return [
            {**{n: getattr(c, n) for n in names}, "levels": list(c.levels), "times": _times(c)}
            for c in columns
        ]
    if card.kind != "vector":
        return []
    return [
        {"name": f"x{i + 1}", "kind": "number", "low": 0, "high": 0, "levels": []}
        for i in range(card.shape[0])
    ]


def _times(column: Column) -> bool:
    """Whether the dates of a column have a time of day."""
    return "day" in column.parts or any(end % 86_400 for end in (column.low, column.high))


def _unit(card: Card, lang: Lang) -> str:
    """The unit in which the page shows values: of several series too their own."""
    return unit_name(lang, card.panel.unit if card.panel else card.unit)


def _share(trained: Trained) -> str:
    """How many values the outer two quantiles of a task should enclose; "" if it has none."""
    levels = getattr(trained.task, "levels", ())
    return f"{100 * (levels[-1] - levels[0]):.4g}\u00a0%" if levels else ""


def _panel(card: Card) -> Plain | None:
    if card.panel is None:
        return None
    series = [{"name": s.name, "mean": s.mean, "std": s.std} for s in card.panel.series]
    return {"length": card.panel.length, "log": card.panel.log, "series": series}


def _code(trained: Trained, tape: Tape) -> Plain | None:
    """Width and spread of the codes, if images are decoded from them alone."""
    known = {"code", "image"} <= tape.outputs.keys()
    if not known or not isinstance(trained.model, Codes) or tape.depends("image", "x", "code"):
        return None
    width = tape.values[tape.outputs["code"]].shape[1]
    return {"width": width, "scale": float(trained.model.prior_scale)}


def _dark(card: Card, split: Split) -> bool:
    """Whether pictures have light strokes on a dark ground, by the median of their edges."""
    if card.kind != "image":
        return False
    x = np.asarray(evenly(split, 200).x[:], np.float64)
    edges = np.concatenate([x[..., side, :].ravel() for side in (0, -1)])
    low, high = card.pixels or (0.0, 255.0)
    return bool(np.median(edges) < (low + high) / 2)


def _probes(card: Card) -> Split:
    """Random inputs in the range of the training data, from a fixed seed."""
    random = np.random.default_rng(0)
    x = np.stack([_blank_array(card, random) for _ in range(PROBES)])
    lengths = None
    if card.padded:
        lengths = np.array(
            [card.shape[0], max(1, card.season), max(1, card.season, card.shape[0] // 2)]
        )
        x[np.arange(card.shape[0])[None] >= lengths[:, None]] = 0
    return Split(x, np.zeros((PROBES, 1)), lengths)


def _blank(card: Card) -> list[float | int | None]:
    """What the fields hold at first where there is no sample."""
    return _plain(_blank_array(card, None))


def _blank_array(card: Card, random: np.random.Generator | None) -> np.ndarray:
    """A raw sample: of middling values, or of random ones around them."""
    shape, columns = shape_of(card), used(card.columns)
    noise = np.zeros(shape) if random is None else random.normal(size=shape)
    if card.kind == "image":
        low, high = card.pixels or (0.0, 255.0)
        values = np.full(shape, low) if random is None else random.uniform(low, high, shape)
        whole = card.stored in ("uint8", "int64", "uint64")
        return (np.rint(values) if whole else values).astype(card.stored or np.float32)
    if columns:
        middle = np.array([0.0 if c.levels else c.middle for c in columns])
        spread = np.array([0.0 if c.levels else c.width for c in columns])
        return np.asarray(middle + spread * noise)
    if card.panel:
        return noise
    values = np.array(card.mean) + np.array(card.std) * noise
    origin = np.array(card.origin or 0.0, np.float64)
    return np.asarray((np.exp(values) if card.log else values) + origin)
