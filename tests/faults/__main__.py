"""The proofs of docs/promises.md: faults are made, and what was promised must hold.

    python3 play.py faults                    all parts, in their usual sizes
    python3 play.py faults kills --kills 500  one part, longer
    python3 play.py faults --write FILE       also as a Markdown table

Every fault that was to happen must have happened, or its check has failed; so has one whose tool is
not here.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults import (
    bad_data,
    disk,
    fence,
    fuzz,
    hostile,
    kills,
    mutants,
    numbers,
    pairs,
    power,
    ranks,
    sweep,
)
from tests.faults.common import Row, missing


def data(folder: Path) -> list[Row]:
    """Every kind of bad data alone, and sixty hidden among 1,200."""
    rows = [("alone", row) for row in bad_data.check()]
    for name in bad_data.HIDDEN:
        rows += [("sixty of 1,200", row) for row in bad_data.check_hidden(name)]
    return [Row("data", f"{how}: {row.kind}", True, row.ok, row.detail) for how, row in rows]


def strangers(folder: Path, asked: argparse.Namespace) -> list[Row]:
    """Hostile things by hand, what they open, and mutated inputs through our own parsers."""
    rows = []
    for group in hostile.GROUPS:
        found = list(hostile.outcomes(group))
        rows += [Row("hostile", f"{group}: {e.thing}", True, not e.wrong, e.wrong) for e in found]
    lacking = missing("strace", "strace")
    watched = {} if lacking else fence.all_watched()
    rows += [*lacking, *(Row("fence", k, True, not v, "; ".join(v)) for k, v in watched.items())]
    for name in hostile.PARSERS:
        came = fuzz.in_child(name, asked.inputs, 0)
        detail = (
            f"{came.inputs:,} inputs, {came.accepted:,} taken, {came.refused:,} refused, slowest "
            f"{came.slowest:.2f} s {'; '.join(came.findings)}".strip()
        )
        rows.append(Row("fuzz", name, came.inputs == asked.inputs, not came.bad, detail))
    return rows


PARTS: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "kills": lambda folder, asked: kills.check(folder, asked.kills),
    "sweep": lambda folder, asked: sweep.check(folder),
    "power": lambda folder, asked: power.check(folder),
    "disk": lambda folder, asked: disk.check(folder),
    "data": lambda folder, asked: data(folder),
    "numbers": lambda folder, asked: numbers.check(folder),
    "hostile": strangers,
    "pairs": lambda folder, asked: pairs.check(folder),
    "ranks": lambda folder, asked: ranks.check(folder),
    "mutants": lambda folder, asked: mutants.check(folder),
}


COUNTED = ("data", "hostile")
"""Parts of many alike cases, of which the written table gives the count alone."""


def arguments() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(
        prog="play.py faults", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--kills", type=int, default=25, help="runs killed at random (25)")
    parser.add_argument("--inputs", type=int, default=2000, help="mutants for a parser (2000)")
    parser.add_argument("--write", type=Path, help="a Markdown file for the table")
    asked = parser.parse_args()
    unknown = [part for part in asked.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    return asked


def line(row: Row) -> str:
    """A row as a person reads it."""
    state = "ok    " if row.ok and row.hit else "NOT HIT" if row.ok else "FAILED"
    return f"{state}  {row.part}: {row.case}  {row.detail}".rstrip()


def machine() -> str:
    """Where it ran."""
    from etude.runs.provenance import environment

    here = environment()
    return f"{here['cpu']}, {here['cores']} cores, torch {here['packages']['torch']}"


def summary(rows: list[Row], seconds: float) -> str:
    """Of one part: how many faults happened, how many were survived."""
    held, hit = sum(row.ok for row in rows), sum(row.hit for row in rows)
    return f"{len(rows)} tried, {hit} hit, {held} held, {seconds:.0f} s"


def main() -> int:
    asked = arguments()
    folder = Path(tempfile.mkdtemp(prefix="etude-faults-"))
    table = ["| part | case | held | result |", "|---|---|---|---|"]
    totals, failed = [], 0
    try:
        for name in asked.parts or PARTS:
            began = time.monotonic()
            rows = PARTS[name](folder, asked)
            for row in rows:
                print(line(row), flush=True)
                held = "yes" if row.ok and row.hit else "NO"
                if row.part not in COUNTED or held == "NO":
                    detail = " ".join(row.detail.split()).replace("|", "/")
                    table.append(f"| {row.part} | {row.case} | {held} | {detail} |")
            failed += sum(not (row.ok and row.hit) for row in rows)
            totals.append(f"{name}: {summary(rows, time.monotonic() - began)}")
            print(f"-- {totals[-1]}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("", *totals, f"{failed} failed" if failed else "all held", sep="\n")
    if asked.write:
        head = [
            "# Results of the fault tests",
            "",
            f"{time.strftime('%Y-%m-%d')}, {machine()}.",
            "",
        ]
        lines = [*head, *(f"- {total}" for total in totals), "", *table, ""]
        asked.write.write_text("\n".join(lines), encoding="utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
