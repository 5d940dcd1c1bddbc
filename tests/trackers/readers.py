"""What a log should say of a run, and readers of logs by the libraries that wrote them."""

import math
from pathlib import Path

Series = dict[str, list[tuple[int, float]]]
"""(step, value) by tag."""


def log_of(run) -> Series:
    """What a log must hold, from metrics.jsonl, without the functions of the package that write
    logs. The learning rate, which is not in the file, is left out."""
    found: Series = {}
    for row in run.history:
        phases = row["train"]
        for name, phase in phases.items():
            head = "train" if len(phases) == 1 else f"train/{name}"
            for key in ("loss", "gradient_norm"):
                found.setdefault(f"{head}/{key}", []).append((row["step"], phase[key]))
        for key, value in row["val"].items():
            if isinstance(value, float):
                found.setdefault(f"val/{key}", []).append((row["step"], value))
    last = run.history[-1]["step"]
    for key, value in run.test.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[f"test/{key}"] = [(last, value)]
    for baseline in run.baselines.all:
        found[f"baseline/{baseline.kind}"] = [(last, baseline.score)]
    found["best_epoch"] = [(last, run.result.best_epoch)]
    found["parameters"] = [(last, run.result.parameters)]
    return found


def differences(found: Series, expected: Series) -> list[str]:
    """The tags whose steps differ, or whose values differ by more than float32 does."""
    found = {tag: series for tag, series in found.items() if not tag.endswith("/lr")}
    return sorted(
        tag
        for tag in found.keys() | expected.keys()
        if not _equal(found.get(tag, []), expected.get(tag, []))
        or (tag in found) != (tag in expected)
    )


def _equal(a: list[tuple[int, float]], b: list[tuple[int, float]]) -> bool:
    steps = [step for step, _ in a] == [step for step, _ in b]
    return steps and all(math.isclose(x, y, rel_tol=1e-6) for (_, x), (_, y) in zip(a, b))


def events(folder: Path):
    """TensorBoard's own reader of a folder of event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder)).Reload()


def scalars(found) -> Series:
    """All scalars of TensorBoard's reader."""
    return {
        tag: [(event.step, event.value) for event in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }
