"""What the claims share: the machine, medians with their spread, tables, results, pictures."""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent
RESULTS = HOME / "results"
MISSED, MET = "NO", "yes"

Row = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """The median of n measurements, and the least and most of them."""

    median: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{shown(self.median)} ({shown(self.low)} .. {shown(self.high)})"


def spread(values: Iterable[float]) -> Spread | None:
    """None for no values: what was not measured has no number."""
    found = sorted(values)
    return Spread(statistics.median(found), found[0], found[-1], len(found)) if found else None


def shown(value: float) -> str:
    """A number with as many digits as can be read."""
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.4f}"


def verdict(value: float | None, bar: float, *, at_least: bool = True) -> str:
    """Whether a bar is met; what was not measured misses it."""
    if value is None:
        return MISSED
    return MET if (value >= bar if at_least else value <= bar) else MISSED


def no_worse(ours: Spread | None, theirs: Spread | None, *, higher: bool = True) -> str:
    """Worse is: all of ours lie on the bad side of all of theirs. Ranges that overlap are no
    difference."""
    if ours is None or theirs is None:
        return MISSED
    worse = ours.high < theirs.low if higher else ours.low > theirs.high
    return MISSED if worse else MET


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def machine() -> Row:
    """Where this runs: processor, cores, versions, and how busy it is."""
    from etude.runs.provenance import environment

    where = environment()
    return {
        "cpu": where["cpu"],
        "cores": where["cores"],
        "platform": where["platform"],
        "python": where["python"],
        "packages": where["packages"],
    }


def load() -> float | None:
    """The load of the last minute, where the system tells it."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


class Results:
    """Every single measurement of a claim, in results/<claim>.json. A row measured again takes the
    place of all rows with the same `key`; the file is written after each, so that a run that is
    stopped keeps what it has."""

    def __init__(self, claim: str, key: Sequence[str], folder: Path = RESULTS) -> None:
        self.claim, self.key, self.folder = claim, key, folder
        self.path = folder / f"{claim}.json"
        old = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.machine: Row = old.get("machine", {})
        self.rows: list[Row] = old.get("rows", [])
        self._new: set[tuple[Any, ...]] = set()

    def add(self, row: Row) -> None:
        """Keep a measurement."""
        own = tuple(row.get(name) for name in self.key)
        if own not in self._new:
            same = [r for r in self.rows if tuple(r.get(name) for name in self.key) == own]
            self.rows = [r for r in self.rows if r not in same]
            self.machine = self.machine if self._new else machine()
            self._new.add(own)
        self.rows.append({**row, "date": time.strftime("%Y-%m-%d %H:%M"), "load": load()})
        self.folder.mkdir(exist_ok=True)
        content = {"claim": self.claim, "machine": self.machine, "rows": self.rows}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        self.path.write_text(text + "\n", encoding="utf-8")

    def of(self, **wanted: Any) -> list[Row]:
        """Rows with these values, failures among them."""
        return [r for r in self.rows if all(r.get(k) == v for k, v in wanted.items())]

    def values(self, name: str, /, **wanted: Any) -> list[float]:
        """One number of each row that has it."""
        return [row[name] for row in self.of(**wanted) if name in row]

    def error(self, **wanted: Any) -> str:
        """Why there is no number: the last failure among these rows, or ""."""
        errors = [row["error"] for row in self.of(**wanted) if "error" in row]
        return errors[-1] if errors else ""

    def where(self) -> str:
        """One line on machine and date, under every table."""
        if not self.rows:
            return "Nothing was measured yet."
        dates = sorted(row["date"][:10] for row in self.rows)
        days = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        loads = [row["load"] for row in self.rows if row.get("load") is not None]
        busy = f", load {min(loads)} to {max(loads)}" if loads else ""
        torch = self.machine.get("packages", {}).get("torch", "?")
        cores, cpu = self.machine.get("cores"), self.machine.get("cpu")
        return f"{days}: {cores} cores of {cpu}, torch {torch}{busy}."


def save_picture(
    results: Results,
    title: str,
    alt: str,
    paint: Callable[[Any, Any], None],
    size: tuple[float, float],
) -> None:
    """results/<claim>.png, and its twin for dark pages."""
    from etude.render.style import picture

    drawn = picture(results.claim, title, alt, paint, size)
    (results.folder / f"{results.claim}.png").write_bytes(drawn.light)
    (results.folder / f"{results.claim}-dark.png").write_bytes(drawn.dark)


def ranges(axes: Any, ink: Any, names: Sequence[str], found: Sequence[Spread | None]) -> None:
    """A row a name, from the top: the median as a dot, least to most as a line. étude is the
    first, in another colour and with a square."""
    for index, each in enumerate(found):
        y = len(names) - 1 - index
        if each is None:
            text = " not measured" if names[index] == "étude" else " failed, see the table"
            axes.text(0.02, y, text, transform=axes.get_yaxis_transform(), va="center")
            continue
        colour = ink.lines[0] if index == 0 else ink.lines[1]
        axes.plot([each.low, each.high], [y, y], color=colour, linewidth=3, alpha=0.5)
        axes.plot([each.median], [y], "s" if index == 0 else "o", color=colour, markersize=5)
    axes.set_yticks(range(len(names)), list(names)[::-1])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=ink.faint, linewidth=0.6)


def parser(doc: str, rounds: int) -> argparse.ArgumentParser:
    """The words that every claim takes."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--quick", action="store_true", help="tiny: to see that it works")
    made.add_argument("--table", action="store_true", help="only print what was measured")
    return made


def divided(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Words for the claim, and those after `--`, which are for étude."""
    cut = list(words).index("--") if "--" in words else len(words)
    return list(words[:cut]), list(words[cut + 1 :])


def results_folder(quick: bool) -> Path:
    """Where results go: those of a quick look never among the measured ones."""
    if not quick:
        return RESULTS
    import tempfile

    return Path(tempfile.mkdtemp(prefix="etude-quick-"))
