"""What a log should say of a run, and readers of logs by the libraries that wrote them."""

import json
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


def wandb_records(file: Path):
    """The records of an offline file of W&B: a log of LevelDB, whose entries are the messages of
    the library. There is no public reader."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, parts = file.read_bytes(), 7, []
    assert content[:4] == b":W&B"
    while at + 7 <= len(content):
        left = BLOCK - at % BLOCK
        if left < 7:  # too short for the head of an entry
            at += left
            continue
        size, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts.append(content[at + 7 : at + 7 + size])
        at += 7 + size
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(b"".join(parts))
            parts = []
            yield record


BLOCK, FULL, LAST = 1 << 15, 1, 4


def wandb_log(folder: Path) -> tuple[Series, dict, dict]:
    """The history of an offline run, its summary and its configuration."""
    series: Series = {}
    summary: dict = {}
    config: dict = {}
    [file] = folder.glob("*.wandb")
    for record in wandb_records(file):
        match record.WhichOneof("record_type"):
            case "history":
                row = _items(record.history.item)
                for tag, value in row.items():
                    if not tag.startswith("_"):
                        series.setdefault(tag, []).append((row["_step"], value))
            case "summary":
                summary |= _items(record.summary.update)
            case "run":
                config = _items(record.run.config.update)
    return series, summary, config


def _items(items) -> dict:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
