"""The findings of a run as sentences, each from numbers of the run. Suggestions come last."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypedDict

import numpy as np

from etude import registry
from etude.errors import plain
from etude.inspection import learning
from etude.inspection.learning import Rows
from etude.locale.texts import Lang, has_text, metric, render, say
from etude.results import Baseline, RunResult
from etude.runs.folder import RunFolder
from etude.stats import Judgement, judge, metric_of

__all__ = ["Rows", "baseline_name", "number", "rows", "sentences", "verdict"]

MAJORITY = 0.7
"""Share of the largest class of training above which accuracy alone says little."""
UNEVEN = 1.5
"""Size of the largest class over the smallest, above which classes count as unbalanced."""


class FinishedRun(Protocol):
    """What a table or a tour needs of a finished run; inference.run.Run has it."""

    @property
    def path(self) -> Path:
        """Its folder."""

    @property
    def folder(self) -> RunFolder:
        """Its files."""

    @property
    def result(self) -> RunResult:
        """Its test result."""

    @property
    def epochs(self) -> Rows:
        """The metrics rows of the epochs."""

    @property
    def seconds(self) -> float:
        """Seconds of training."""

    @property
    def samples_per_second(self) -> float:
        """Speed of training."""


class Confusion(TypedDict):
    """The most frequent confusion, `count` of `of` samples of class `true` predicted as `said`, and
    the class `weak` with the lowest recall. ties, as_weak: how many others are equal to each."""

    true: str
    said: str
    count: int
    of: int
    share: float
    weak: str
    recall: float
    ties: int
    as_weak: int


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


def title(result: RunResult) -> str:
    """The name of a result's model as it is written in a sentence: MLP, ViT, Transformer."""
    return result.title or str(registry.load("model", result.model).title)


def baseline_name(baseline: Baseline, lang: Lang) -> str:
    """The name of a baseline in a language; its kind, where a plugin brings one without a text."""
    key = f"baseline.{baseline.kind}"
    return say(lang, key, **baseline.about) if has_text(key) else baseline.kind


def judgement_of(result: RunResult) -> Judgement:
    """The test result compared with the best baseline: "better", "tie", "worse" and so on."""
    naive = result.baseline.best.score
    return judge(result.score, naive, result.goal, result.test.certainty or None)


def sentences(result: RunResult, history: Rows = (), lang: Lang = "en") -> list[str]:
    """All findings of a finished run. history: its metrics rows by epoch."""
    lines = [*_result(result, lang), *_errors(result, lang), *_learning(result, history, lang)]
    return [*lines, *_data(result, lang), *next_steps(result, history, lang)]


def next_steps(result: RunResult, history: Rows, lang: Lang = "en") -> list[str]:
    """Suggestions, the most urgent first; one sentence says so if there is none."""
    return list(_next(result, history, lang)) or [say(lang, "try.nothing")]


def next_step(result: RunResult, history: Rows, lang: Lang = "en") -> str:
    """The most urgent suggestion, for a place whose heading already says "next step"."""
    step = next_steps(result, history, lang)[0].removeprefix(say(lang, "try.prefix"))
    return step[:1].upper() + step[1:]


def warnings(result: RunResult, history: Rows, lang: Lang = "en") -> list[str]:
    """The limits of the result: leaks, small splits, training that was too long or too short."""
    weights = [say(lang, "kept.last", **_last(result))] if result.chosen == "last" else []
    leaks = [*_leaks(result, lang, always=False), *_majority(result, lang)]
    return [*leaks, *_small(result, lang), *weights, *_amount(result, history, lang)]


def _last(result: RunResult) -> dict[str, int]:
    """Values of the sentence on weights of the last epoch, where validation was too small."""
    return {"val": result.sizes.val if result.sizes else 0, "epochs": result.epochs}


def _result(result: RunResult, lang: Lang) -> Iterator[str]:
    """Model and data, the test result, and the baselines."""
    goal, test, unit = result.goal, result.test, result.test.unit
    if result.sizes:
        yield say(
            lang, "trained", model=title(result), parameters=result.parameters, data=result.data,
            epochs=result.epochs, **dict(result.sizes),
        )  # fmt: skip
    shown = number(result.score, goal, unit)
    if (interval := test.interval(goal)) is None:
        yield say(lang, "result", goal=goal, value=shown)
    else:
        low, high = (number(end, goal) for end in interval)
        ends = {"low": low, "high": high, "count": test.samples}
        yield say(lang, "result.interval", goal=goal, value=shown, **ends)
    errors = test.by_output.get(goal, ())
    if test.outputs and len(test.outputs) == len(errors):
        each = (f"{plain(n)} {number(e, goal, unit)}" for n, e in zip(test.outputs, errors))
        yield say(lang, "result.outputs", each=", ".join(each))
    yield verdict(result, lang)
    if others := result.baseline.all[1:]:
        each = (f"{baseline_name(b, lang)} {number(b.score, goal, unit)}" for b in others)
        yield say(lang, "others", named=", ".join(each))
    yield from _of_series(result, lang)
    for part in result.baseline.thinned:
        yield say(lang, f"thinned.{part.kind}", used=part.used, samples=part.samples)
    if result.baseline.note:
        yield say(lang, "thinned", note=result.baseline.note)


def verdict(result: RunResult, lang: Lang = "en") -> str:
    """The result compared with the best baseline, in one sentence."""
    goal, unit, best = result.goal, result.test.unit, result.baseline.best
    ours, naive = (number(score, goal, unit) for score in (result.score, best.score))
    key: str = judgement_of(result)
    # A tie with different numbers needs the reason: the test split is too small to separate them.
    if key == "tie" and ours != naive and result.test.samples:
        key = "unclear"
    if naive_test := _versus(result, lang):
        return naive_test
    what, count = baseline_name(best, lang), result.test.samples
    return say(lang, key, ours=ours, value=naive, what=what, count=count)


def _versus(result: RunResult, lang: Lang) -> str:
    """That a forecast is not better than a naive one; "" if it is, or if it is not known."""
    versus = result.test.versus
    if versus is None or versus.low > 0:
        return ""
    unit = result.test.unit
    ours = versus.score - versus.difference
    values = {"ours": ours, "value": versus.score, "low": versus.low, "high": versus.high}
    shown = {name: number(value, "mae", unit) for name, value in values.items()}
    what = baseline_name(Baseline(kind=versus.kind, score=versus.score), lang)
    return say(lang, "versus" if versus.high >= 0 else "versus.worse", what=what, **shown)


def _of_series(result: RunResult, lang: Lang) -> Iterator[str]:
    """MASE, the easiest and the hardest series, and the coverage of intervals."""
    test = result.test
    if test.mase is not None:
        yield say(lang, "mase", value=test.mase)
    if test.by_series:
        each = {name: row.mase for name, row in test.by_series.items()}
        low, high = min(each, key=lambda k: each[k]), max(each, key=lambda k: each[k])
        ends = {"best": plain(low), "low": each[low], "worst": plain(high), "high": each[high]}
        yield say(lang, "mase.series", count=len(each), **ends)
    if test.coverage is not None:
        yield say(lang, "coverage", share=test.coverage, nominal=test.nominal)


def confusion(result: RunResult) -> Confusion | None:
    """The most frequent confusion and the class with the lowest recall, each with the number of
    ties; None if the model makes no error."""
    test = result.test
    if not test.confusion:
        return None
    # Rows follow the class order of the data, but per_class was sorted by name when stored as JSON.
    # Names therefore come from `classes`, never from the order of per_class.
    counts = np.array(test.confusion)
    names = test.classes or [str(i) for i in range(len(counts))]
    off = counts - np.diag(counts.diagonal())
    if not off.any():
        return None
    true, predicted = np.unravel_index(off.argmax(), off.shape)
    # A class without test samples has no recall.
    recalls = {n: c.recall for n, c in test.per_class.items() if c.samples}
    weak = min(recalls, key=lambda name: recalls[name])
    count, of = int(off[true, predicted]), int(counts[true].sum())
    return {
        "true": names[true], "said": names[predicted], "count": count, "of": of,
        "share": count / of, "weak": weak, "recall": recalls[weak],
        "ties": int((off == off.max()).sum()) - 1,
        "as_weak": sum(recall == recalls[weak] for recall in recalls.values()) - 1,
    }  # fmt: skip


def _errors(result: RunResult, lang: Lang) -> Iterator[str]:
    """The confusions of a classifier; for an autoencoder, how well codes and images match."""
    test, mixed = result.test, confusion(result)
    if mixed:
        yield say(lang, "confuses.among" if mixed["ties"] else "confuses", **mixed)
        yield say(lang, "weakest.among" if mixed["as_weak"] else "weakest", **mixed)
    elif test.confusion:
        yield say(lang, "confuses.nothing", count=test.samples)
    if test.matches_prior is not None:
        match = say(lang, "prior.yes" if test.matches_prior else "prior.no")
        yield say(lang, "prior", match=match, ratio=test.prior_ratio)
    if test.generated_distance is not None and test.real_distance is not None:
        new, real = test.generated_distance, test.real_distance
        yield say(lang, "generated", new=new, real=real, times=new / max(real, 1e-12))


def _learning(result: RunResult, history: Rows, lang: Lang) -> Iterator[str]:
    """The best validation epoch, the epoch of the stored weights, and whether training was too long
    or too short. Each claim follows a rule of inspection/learning.py."""
    goal, epochs = result.goal, result.epochs
    # Without the epoch rows, the result itself has the best epoch.
    best = learning.best_epoch(history, goal) if history else result.top_epoch
    yield say(lang, "best.last" if best == epochs else "best", goal=goal, best=best, epochs=epochs)
    if result.chosen == "last":  # too few validation samples to select an epoch
        yield say(lang, "kept.last", **_last(result))
    else:
        yield say(lang, "kept", best=result.best_epoch, epochs=epochs)
    yield from _amount(result, history, lang)


def _amount(result: RunResult, history: Rows, lang: Lang) -> Iterator[str]:
    """Whether training was too long for the network, or too short."""
    overfit = learning.overfitting(history)
    if overfit:
        yield say(lang, "overfits", **overfit)
    short = learning.under_trained(history, result.goal)
    if short:
        yield say(lang, f"under.{short['why']}", **short)
    # Only without another explanation: overfitting and short training already explain a bad result.
    if not (overfit or short):
        yield from _behind(result, history, lang)


def _behind(result: RunResult, history: Rows, lang: Lang) -> Iterator[str]:
    """Why the result is not better than the baselines although training was neither too short nor
    too long, and what to do."""
    test, fit = result.test, learning.fit(history)
    only = learning.only_class(test.confusion)
    if only is not None:
        names = test.classes or [str(i) for i in range(len(test.confusion))]
        yield say(lang, "behind.one", name=names[only], count=test.samples)
    elif fit and result.sizes and judgement_of(result) in ("worse", "much worse"):
        values = {"parameters": result.parameters, "train": result.sizes.train}
        # Only a comparison of two numbers is claimed: "few" alone would be false of large data.
        few = "few" if values["train"] < values["parameters"] else "fits"
        yield say(lang, f"behind.{few if fit['fits'] else 'unfit'}", **fit, **values)


def _leaks(result: RunResult, lang: Lang, always: bool) -> Iterator[str]:
    """Leaks from the training split into the test split. always: report also that there is none."""
    checks = result.checks
    if checks is None:
        return
    if always or checks.shared:
        key = "shared" if checks.shared else "alone"
        yield say(lang, key, count=checks.shared, of=checks.looked_at)
    if checks.last and checks.first:
        # Time series: the last training time must be before the first test time.
        in_order = checks.last < checks.first
        if always or not in_order:
            key = "in-order" if in_order else "out-of-order"
            yield say(lang, key, last=checks.last, first=checks.first)


def _small(result: RunResult, lang: Lang) -> Iterator[str]:
    """Validation and test splits that are too small to rely on."""
    for split, few in learning.small(result.sizes).items():
        yield say(lang, f"small.{split}", count=few)


def _data(result: RunResult, lang: Lang) -> Iterator[str]:
    """Leaks, split sizes, class balance, and the notes of the dataset."""
    yield from _leaks(result, lang, always=True)
    yield from _small(result, lang)
    if counts := result.checks.classes if result.checks else {}:
        many, few = max(counts, key=lambda k: counts[k]), min(counts, key=lambda k: counts[k])
        values = {"most": counts[many], "least": counts[few], "many": many, "few": few}
        key = "unbalanced" if counts[many] > UNEVEN * counts[few] else "similar"
        yield say(lang, "balanced" if counts[many] == counts[few] else key, **values)
    yield from _majority(result, lang)
    for note in data_notes(result, lang):
        yield say(lang, "note", note=note)


def _majority(result: RunResult, lang: Lang) -> Iterator[str]:
    """The share of the largest class, and accuracy beside balanced accuracy, if accuracy says
    little or the classes have weights."""
    test, counts = result.test, result.checks.classes if result.checks else {}
    if not counts or test.balanced_accuracy is None:
        return
    many, total = max(counts, key=lambda name: counts[name]), sum(counts.values())
    weighted = result.goal == "balanced_accuracy"
    if counts[many] <= MAJORITY * total and not weighted:
        return
    both = {
        "accuracy": number(test.value("accuracy"), "accuracy"),
        "balanced": number(test.balanced_accuracy, "balanced_accuracy"),
    }
    share = f"{100 * counts[many] / total:.1f} %"
    yield say(lang, "majority.weighted" if weighted else "majority", name=many, share=share, **both)


def data_notes(result: RunResult, lang: Lang) -> Iterator[str]:
    """The notes of the dataset, in words."""
    return (render(lang, note) for note in result.notes)


def _next(result: RunResult, history: Rows, lang: Lang) -> Iterator[str]:
    """Suggestions that follow from the findings, the most urgent first."""
    test, goal = result.test, result.goal
    if (judgement := judgement_of(result)) != "better":
        yield say(lang, f"try.simpler.{judgement}", what=baseline_name(result.baseline.best, lang))
    short = learning.under_trained(history, goal)
    if short:
        yield say(lang, "try.longer", epochs=result.epochs, more=short["more"])
    if learning.overfitting(history) and result.sizes:
        values = {"parameters": result.parameters, "train": result.sizes.train}
        yield say(lang, "try.less", **values)
    mixed = confusion(result)
    if mixed and mixed["count"] > 1:  # a single error is no pattern
        yield say(lang, "try.look", true=mixed["true"], said=mixed["said"], count=mixed["count"])
    if (interval := test.interval(goal)) is not None:
        low, high = interval
        yield say(lang, "try.seeds", width=points(high - low))
    if test.matches_prior is False:
        yield say(lang, "try.prior", ratio=test.prior_ratio)
    elif test.matches_prior and result.code:
        yield say(lang, "try.width", width=result.code, value=number(result.score, goal))


def rows(runs: Sequence[FinishedRun], labels: Sequence[str], lang: Lang = "en") -> list[list[str]]:
    """The table of finished runs for tours and comparisons, head first."""
    # Result and baseline come first: on a phone the other columns are outside the screen.
    table = [say(lang, "table.head").split("|")]
    for label, run in zip(labels, runs):
        result = run.result
        goal, unit, best = result.goal, result.test.unit, result.baseline.best
        table.append(
            [
                label,
                f"{metric(goal, lang)} {number(result.score, goal, unit)}",
                f"{number(best.score, goal, unit)} ({baseline_name(best, lang)})",
                f"{result.task} {result.data}",
                f"{result.parameters:,}",
                f"{run.seconds:.1f}",
                f"{run.samples_per_second:,.0f}",
            ]
        )
    return table
