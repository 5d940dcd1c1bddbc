"""What a run came to, in sentences, each from its own numbers; what to try next comes last."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from etude.draw.texts import TEXTS, Lang, say

LOWER_IS_BETTER = ("mae", "reconstruction")
UNEVEN = 1.5
"""Largest class over smallest, from which classes are called uneven."""
ROSE = 1.3
"""Validation loss at the end over its lowest, from which it is called overfitting."""

Result = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def number(value: float, goal: str, unit: str = "") -> str:
    """A goal's value as a person writes it."""
    if goal == "accuracy":
        return f"{100 * value:.1f} %"
    return f"{value:.4g}{f' {unit}' if unit else ''}"


def named(what: str, lang: Lang) -> str:
    """A baseline's name in a language."""
    if f"what.{what}" in TEXTS:
        return say(lang, f"what.{what}")
    if found := re.fullmatch("always say (.*), the commonest class", what, re.DOTALL):
        return say(lang, "named.majority", name=found[1])
    if found := re.fullmatch(r"PCA, (\d+) numbers", what):
        return say(lang, "named.pca", numbers=found[1])
    return what


def beats(result: Result) -> bool:
    """Whether the test result is better than the best baseline's."""
    goal = result["goal"]
    found, naive = result["test"][goal], result["baseline"][goal]
    return bool(found < naive if goal in LOWER_IS_BETTER else found > naive)


def sentences(result: Result, history: Rows = (), lang: Lang = "en") -> list[str]:
    """All there is to say of a finished run. history: the rows of its epochs."""
    said = [*_result(result, lang), *_inside(result, lang), *_learning(result, history, lang)]
    tries = list(_next(result, history, lang)) or [say(lang, "try.nothing")]
    return [*said, *_data(result, lang), *tries]


def _result(result: Result, lang: Lang) -> Iterator[str]:
    """What was trained on what, and the result beside its baselines."""
    goal, test, baseline = result["goal"], result["test"], result["baseline"]
    unit = test.get("unit", "")
    if result.get("sizes"):
        values = {key: result[key] for key in ("model", "parameters", "data", "epochs")}
        yield say(lang, "trained", **values, **result["sizes"])
    shown = number(test[goal], goal, unit)
    naive, what = number(baseline[goal], goal, unit), named(baseline["what"], lang)
    low, high = test.get("accuracy_95", (None, None))
    if low is None:
        yield say(lang, "result", goal=goal, value=shown)
        yield say(lang, "better" if beats(result) else "worse", value=naive, what=what)
    else:
        ends = {"low": number(low, goal), "high": number(high, goal), "count": test["samples"]}
        yield say(lang, "result.interval", goal=goal, value=shown, **ends)
        key = "better" if beats(result) else "worse"
        if low <= baseline[goal] <= high and test[goal] != baseline[goal]:
            key = "unclear"
        yield say(lang, key, value=naive, what=what)
    others = {k: v for k, v in baseline.get("all", {}).items() if k != baseline["what"]}
    if others:
        each = (f"{named(k, lang)} {number(v, goal, unit)}" for k, v in others.items())
        yield say(lang, "others", named=", ".join(each))
    if baseline.get("note"):
        yield say(lang, "thinned", note=baseline["note"])


def confusion(result: Result) -> dict[str, Any] | None:
    """The commonest confusion and the weakest class; None where there is none."""
    test = result["test"]
    if "confusion" not in test:
        return None
    # Rows are in the data's order of classes; per_class, stored as JSON, is in the alphabet's.
    counts = np.array(test["confusion"])
    names = test.get("classes") or [str(i) for i in range(len(counts))]
    off = counts - np.diag(counts.diagonal())
    if not off.any():
        return None
    true, said = np.unravel_index(off.argmax(), off.shape)
    recalls = {n: c["recall"] for n, c in test["per_class"].items() if c["samples"]}
    weak = min(recalls, key=lambda name: recalls[name])
    count, of = int(off[true, said]), int(counts[true].sum())
    return {
        "true": names[true], "said": names[said], "count": count, "of": of, "share": count / of,
        "weak": weak, "recall": recalls[weak],
    }  # fmt: skip


def _inside(result: Result, lang: Lang) -> Iterator[str]:
    """What it confuses; how well its codes and images match."""
    test, found = result["test"], confusion(result)
    if found:
        yield say(lang, "confuses", **found)
    elif "confusion" in test:
        yield say(lang, "confuses.nothing", count=test["samples"])
    if "matches_prior" in test:
        match = say(lang, "prior.yes" if test["matches_prior"] else "prior.no")
        yield say(lang, "prior", match=match, ratio=test["prior_ratio"])
    if "generated_distance" in test:
        new, real = test["generated_distance"], test["real_distance"]
        yield say(lang, "generated", new=new, real=real, times=new / max(real, 1e-12))


def overfitting(history: Rows) -> dict[str, float] | None:
    """Validation loss at its lowest and at the end, where the latter is well above; else None."""
    if not history or "loss" not in history[0]["val"]:
        return None
    losses = [row["val"]["loss"] for row in history]
    best, end = int(np.argmin(losses)), losses[-1]
    train = next(iter(history[-1]["train"].values()))["loss"]
    if end < ROSE * losses[best] or train > losses[best]:
        return None
    return {"epoch": best + 1, "low": losses[best], "end": end, "train": train}


def _learning(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """Whether it was still learning, and which weights were kept."""
    goal, epochs, top = result["goal"], result["epochs"], result["top_epoch"]
    if result.get("chosen") == "last":  # too few samples to say which epoch was best
        yield say(lang, "kept.last", val=result["sizes"]["val"], epochs=epochs)
        return
    if top == epochs:
        yield say(lang, "learning", goal=goal, epochs=epochs)
    else:
        yield say(lang, "settled", goal=goal, top=top, epochs=epochs)
    yield say(lang, "kept", best=result["best_epoch"], epochs=epochs)
    found = overfitting(history)
    if found:
        yield say(lang, "overfits", **found)


def _data(result: Result, lang: Lang) -> Iterator[str]:
    """Leaks, balance, and the notes of the data."""
    checks = result.get("checks") or {}
    if "shared" in checks:
        count, of = checks["shared"], checks["looked_at"]
        yield say(lang, "shared" if count else "alone", count=count, of=of)
    if checks.get("last") and checks.get("first"):
        key = "in-order" if checks["last"] < checks["first"] else "out-of-order"
        yield say(lang, key, last=checks["last"], first=checks["first"])
    counts = checks.get("classes")
    if counts:
        many, few = max(counts, key=counts.get), min(counts, key=counts.get)
        values = {"most": counts[many], "least": counts[few], "many": many, "few": few}
        uneven = counts[many] > UNEVEN * counts[few]
        yield say(lang, "unbalanced" if uneven else "balanced", **values)
    for note in result["notes"]:
        yield say(lang, "note", note=note)


def _next(result: Result, history: Rows, lang: Lang) -> Iterator[str]:
    """What to try next, where the numbers above call for it."""
    test, baseline, goal = result["test"], result["baseline"], result["goal"]
    if not beats(result):
        yield say(lang, "try.simpler", what=named(baseline["what"], lang))
    if result["top_epoch"] == result["epochs"] and result.get("chosen") != "last":
        yield say(lang, "try.longer", epochs=result["epochs"], more=2 * result["epochs"])
    found = overfitting(history)
    if found and result.get("sizes"):
        values = {"parameters": result["parameters"], "train": result["sizes"]["train"]}
        yield say(lang, "try.less", times=found["end"] / found["low"], **values)
    mixed = confusion(result)
    if mixed and mixed["count"] > 1:
        yield say(lang, "try.look", **{k: mixed[k] for k in ("true", "said", "count")})
    if "accuracy_95" in test:
        low, high = test["accuracy_95"]
        yield say(lang, "try.seeds", width=number(high - low, "accuracy"))
    if "matches_prior" in test and not test["matches_prior"]:
        yield say(lang, "try.prior", ratio=test["prior_ratio"])
    elif "matches_prior" in test and result.get("code"):
        yield say(lang, "try.width", width=result["code"], value=number(test[goal], goal))


def rows(runs: Sequence[Any], labels: Sequence[str], lang: Lang = "en") -> list[list[str]]:
    """The table of finished runs (ship.Run) that a tour and a comparison end with, head first."""
    table = [say(lang, "table.head").split("|")]
    for label, run in zip(labels, runs):
        result = run.result
        goal, unit = result["goal"], result["test"].get("unit", "")
        naive = number(run.baseline[goal], goal, unit)
        table.append(
            [
                label,
                f"{result['task']} {result['data']}",
                f"{goal} {number(run.test[goal], goal, unit)}",
                f"{naive} ({named(run.baseline['what'], lang)})",
                f"{result['parameters']:,}",
                f"{run.seconds:.1f}",
                f"{run.samples_per_second:,.0f}",
            ]
        )
    return table
