"""The findings of a run as sentences, each from numbers of the run. Suggestions come last."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from etude import registry
from etude.inspection import learning
from etude.inspection.learning import Rows
from etude.locale.texts import Lang, Text, has_text, metric, render, say
from etude.stats import Judgement, judge, metric_of

__all__ = ["Rows", "baseline_name", "number", "rows", "sentences", "verdict"]

UNEVEN = 1.5
"""Size of the largest class over the smallest, above which classes count as unbalanced."""

Result = Mapping[str, Any]


def number(value: float, goal: str, unit: str = "") -> str:
    """The value of a goal as text: a share in percent, any other goal with its unit.

    The unit "y" is the axis name of a function, not a unit, and is left out.
    """
    if metric_of(goal).share:
        return f"{100 * value:.1f} %"
    return digits(value) if unit in ("", "y") else f"{digits(value)} {unit}"


def digits(value: float) -> str:
    """A number with three significant digits from 1 up and two below: 412, 17.2, 0.086, 8.6e-05.

    Numbers from 100 up to a million are rounded to whole numbers: 12,345.
    """
    size = abs(value)
    if not 1e-4 <= size < 1e6 and size > 0:
        return f"{value:.2e}" if size >= 1 else f"{value:.1e}"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 1:
        return f"{value:.3g}"
    return np.format_float_positional(value, 2, fractional=False) if value else "0"


def points(width: float) -> str:
    """A difference of two fractions, in percentage points with one decimal."""
    return f"{100 * width:.1f}"


def title(result: Result) -> str:
    """The name of a result's model as it is written in a sentence: MLP, ViT, Transformer."""
    return str(result.get("title") or registry.load("model", result["model"]).title)


def baseline_name(what: str, lang: Lang) -> str:
    """The name of a baseline in a language; `what`: its name in the result."""
    if has_text(f"what.{what}"):
        return say(lang, f"what.{what}")
    # DOTALL: a class name from the data may contain a line break.
    if match := re.fullmatch("always say (.*), the commonest class", what, re.DOTALL):
        return say(lang, "named.majority", name=match[1])
    if match := re.fullmatch(r"PCA, (\d+) numbers", what):
        return say(lang, "named.pca", numbers=int(match[1]))
    return what


def judgement_of(result: Result) -> Judgement:
    """The test result compared with the best baseline: "better", "tie", "worse" and so on."""
    goal, test = result["goal"], result["test"]
    return judge(test[goal], result["baseline"][goal], goal, test.get("samples"))


def sentences(result: Result, history: Rows = (), lang: Lang = "en") -> list[str]:
    """All findings of a finished run. history: its metrics rows by epoch."""
    lines = [*_result(result, lang), *_errors(result, lang), *_learning(result, history, lang)]
    return [*lines, *_data(result, lang), *next_steps(result, history, lang)]


def next_steps(result: Result, history: Rows, lang: Lang = "en") -> list[str]:
    """Suggestions, the most urgent first; one sentence says so if there is none."""
    return list(_next(result, history, lang)) or [say(lang, "try.nothing")]


def next_step(result: Result, history: Rows, lang: Lang = "en") -> str:
    """The most urgent suggestion, for a place whose heading already says "next step"."""
    step = next_steps(result, history, lang)[0].removeprefix(say(lang, "try.prefix"))
    return step[:1].upper() + step[1:]


def warnings(result: Result, history: Rows, lang: Lang = "en") -> list[str]:
    """The limits of the result: leaks, small splits, training that was too long or too short."""
    weights = [say(lang, "kept.last", **_last(result))] if result.get("chosen") == "last" else []
    leaks = _leaks(result, lang, always=False)
    return [*leaks, *_small(result, lang), *weights, *_amount(result, history, lang)]


def _last(result: Result) -> dict[str, int]:
    """Values of the sentence on a run with the weights of its last epoch, because the validation
    split was too small to select an epoch."""
    return {"val": result["sizes"]["val"], "epochs": result["epochs"]}


def _result(result: Result, lang: Lang) -> Iterator[str]:
    """Model and data, the test result, and the baselines."""
    goal, test, baseline = result["goal"], result["test"], result["baseline"]
    unit = test.get("unit", "")
    if result.get("sizes"):
        values = {key: result[key] for key in ("parameters", "data", "epochs")}
        yield say(lang, "trained", model=title(result), **values, **result["sizes"])
    shown = number(test[goal], goal, unit)
    low, high = test.get("accuracy_95", (None, None))
    if low is None:
        yield say(lang, "result", goal=goal, value=shown)
    else:
        ends = {"low": number(low, goal), "high": number(high, goal), "count": test["samples"]}
        yield say(lang, "result.interval", goal=goal, value=shown, **ends)
    yield verdict(result, lang)
    others = {k: v for k, v in baseline.get("all", {}).items() if k != baseline["what"]}
    if others:
        each = (f"{baseline_name(k, lang)} {number(v, goal, unit)}" for k, v in others.items())
        yield say(lang, "others", named=", ".join(each))
    if baseline.get("note"):
        yield say(lang, "thinned", note=baseline["note"])


def verdict(result: Result, lang: Lang = "en") -> str:
    """The result compared with the best baseline, in one sentence."""
    goal, test, baseline = result["goal"], result["test"], result["baseline"]
    unit = test.get("unit", "")
    ours, naive = (number(each[goal], goal, unit) for each in (test, baseline))
    key: str = judgement_of(result)
    # A tie with different numbers needs the reason: the test split is too small to separate them.
    if key == "tie" and ours != naive and test.get("samples"):
        key = "unclear"
    what, count = baseline_name(baseline["what"], lang), test.get("samples", 0)
    return say(lang, key, ours=ours, value=naive, what=what, count=count)


def confusion(result: Result) -> dict[str, Any] | None:
    """The most frequent confusion and the class with the lowest recall, each with the number of
    ties; None if the model makes no error."""
    test = result["test"]
    if "confusion" not in test:
        return None
    # Rows follow the class order of the data, but per_class was sorted by name when stored as JSON.
    # Names therefore come from `classes`, never from the order of per_class.
    counts = np.array(test["confusion"])
    names = test.get("classes") or [str(i) for i in range(len(counts))]
    off = counts - np.diag(counts.diagonal())
    if not off.any():
        return None
    true, predicted = np.unravel_index(off.argmax(), off.shape)
    # A class without test samples has no recall.
    recalls = {n: c["recall"] for n, c in test["per_class"].items() if c["samples"]}
    weak = min(recalls, key=lambda name: recalls[name])
    count, of = int(off[true, predicted]), int(counts[true].sum())
    return {
        "true": names[true], "said": names[predicted], "count": count, "of": of,
        "share": count / of, "weak": weak, "recall": recalls[weak],
        "ties": int((off == off.max()).sum()) - 1,
        "as_weak": sum(recall == recalls[weak] for recall in recalls.values()) - 1,
    }  # fmt: skip


def _errors(result: Result, lang: Lang) -> Iterator[str]:
    """The confusions of a classifier; for an autoencoder, how well codes and images match."""
    test, mixed = result["test"], confusion(result)
    if mixed:
        yield say(lang, "confuses.among" if mixed["ties"] else "confuses", **mixed)
        yield say(lang, "weakest.among" if mixed["as_weak"] else "weakest", **mixed)
    elif "confusion" in test:
        yield say(lang, "confuses.nothing", count=test["samples"])
    if "matches_prior" in test:
        match = say(lang, "prior.yes" if test["matches_prior"] else "prior.no")
        yield say(lang, "prior", match=match, ratio=test["prior_ratio"])
    if "generated_distance" in test:
        new, real = test["generated_distance"], test["real_distance"]
        yield say(lang, "generated", new=new, real=real, times=new / max(real, 1e-12))


def _learning(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """The best validation epoch, the epoch of the stored weights, and whether training was too long
    or too short. Each claim follows a rule of inspection/learning.py."""
    goal, epochs = result["goal"], result["epochs"]
    # Without the epoch rows, the result itself has the best epoch.
    best = learning.best_epoch(history, goal) if history else result["top_epoch"]
    yield say(lang, "best.last" if best == epochs else "best", goal=goal, best=best, epochs=epochs)
    if result.get("chosen") == "last":  # too few validation samples to select an epoch
        yield say(lang, "kept.last", **_last(result))
    else:
        yield say(lang, "kept", best=result["best_epoch"], epochs=epochs)
    yield from _amount(result, history, lang)


def _amount(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """Whether training was too long for the network, or too short."""
    overfit = learning.overfitting(history)
    if overfit:
        yield say(lang, "overfits", **overfit)
    short = learning.under_trained(history, result["goal"])
    if short:
        yield say(lang, f"under.{short['why']}", **short)
    # Only without another explanation: overfitting and short training already explain a bad result.
    if not (overfit or short):
        yield from _behind(result, history, lang)


def _behind(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """Why the result is not better than the baselines although training was neither too short nor
    too long, and what to do."""
    test, fit = result["test"], learning.fit(history)
    only = learning.only_class(test)
    if only is not None:
        names = test.get("classes") or [str(i) for i in range(len(test["confusion"]))]
        yield say(lang, "behind.one", name=names[only], count=test["samples"])
    elif fit and result.get("sizes") and judgement_of(result) in ("worse", "much worse"):
        values = {"parameters": result["parameters"], "train": result["sizes"]["train"]}
        # Only a comparison of two numbers is claimed: "few" alone would be false of large data.
        few = "few" if values["train"] < values["parameters"] else "fits"
        yield say(lang, f"behind.{few if fit['fits'] else 'unfit'}", **fit, **values)


def _leaks(result: Result, lang: Lang, always: bool) -> Iterator[str]:
    """Leaks from the training split into the test split. always: report also that there is none."""
    checks = result.get("checks") or {}
    if "shared" in checks and (always or checks["shared"]):
        count, of = checks["shared"], checks["looked_at"]
        yield say(lang, "shared" if count else "alone", count=count, of=of)
    if checks.get("last") and checks.get("first"):
        # Time series: the last training time must be before the first test time.
        in_order = checks["last"] < checks["first"]
        if always or not in_order:
            key = "in-order" if in_order else "out-of-order"
            yield say(lang, key, last=checks["last"], first=checks["first"])


def _small(result: Result, lang: Lang) -> Iterator[str]:
    """Validation and test splits that are too small to rely on."""
    for split, few in learning.small(result.get("sizes")).items():
        yield say(lang, f"small.{split}", count=few)


def _data(result: Result, lang: Lang) -> Iterator[str]:
    """Leaks, split sizes, class balance, and the notes of the dataset."""
    checks = result.get("checks") or {}
    yield from _leaks(result, lang, always=True)
    yield from _small(result, lang)
    counts = checks.get("classes")
    if counts:
        many, few = max(counts, key=counts.get), min(counts, key=counts.get)
        values = {"most": counts[many], "least": counts[few], "many": many, "few": few}
        key = "unbalanced" if counts[many] > UNEVEN * counts[few] else "similar"
        yield say(lang, "balanced" if counts[many] == counts[few] else key, **values)
    for note in data_notes(result, lang):
        yield say(lang, "note", note=note)


def data_notes(result: Result, lang: Lang) -> Iterator[str]:
    """The notes of the dataset, in words."""
    for note in result["notes"]:
        yield render(lang, note if isinstance(note, str) else Text.read(note))


def _next(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """Suggestions that follow from the findings, the most urgent first."""
    test, baseline, goal = result["test"], result["baseline"], result["goal"]
    if (judgement := judgement_of(result)) != "better":
        yield say(lang, f"try.simpler.{judgement}", what=baseline_name(baseline["what"], lang))
    short = learning.under_trained(history, goal)
    if short:
        yield say(lang, "try.longer", epochs=result["epochs"], more=short["more"])
    if learning.overfitting(history) and result.get("sizes"):
        values = {"parameters": result["parameters"], "train": result["sizes"]["train"]}
        yield say(lang, "try.less", **values)
    mixed = confusion(result)
    if mixed and mixed["count"] > 1:  # a single error is no pattern
        yield say(lang, "try.look", **{k: mixed[k] for k in ("true", "said", "count")})
    if "accuracy_95" in test:
        low, high = test["accuracy_95"]
        yield say(lang, "try.seeds", width=points(high - low))
    if "matches_prior" in test and not test["matches_prior"]:
        yield say(lang, "try.prior", ratio=test["prior_ratio"])
    elif "matches_prior" in test and result.get("code"):
        yield say(lang, "try.width", width=result["code"], value=number(test[goal], goal))


def rows(runs: Sequence[Any], labels: Sequence[str], lang: Lang = "en") -> list[list[str]]:
    """The table of finished runs (inference.run.Run) for tours and comparisons, head first."""
    # Result and baseline come first: on a phone the other columns are outside the screen.
    table = [say(lang, "table.head").split("|")]
    for label, run in zip(labels, runs):
        result = run.result
        goal, unit = result["goal"], result["test"].get("unit", "")
        naive = number(run.baseline[goal], goal, unit)
        table.append(
            [
                label,
                f"{metric(goal, lang)} {number(run.test[goal], goal, unit)}",
                f"{naive} ({baseline_name(run.baseline['what'], lang)})",
                f"{result['task']} {result['data']}",
                f"{result['parameters']:,}",
                f"{run.seconds:.1f}",
                f"{run.samples_per_second:,.0f}",
            ]
        )
    return table
