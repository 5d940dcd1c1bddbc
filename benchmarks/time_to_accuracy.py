"""Claim: accuracy in little time on two cores. Plays each timed recipe with seeds 0 to 4.

    python -m benchmarks.time_to_accuracy                # all of them
    python -m benchmarks.time_to_accuracy fashion-92 --seeds 0,1,2

A recipe is timed if its `about` names `seconds`: what training may take, as the run itself counts
it (steps and their data; not start-up, validation, the test and pictures). `expect` says the
accuracy on the test split. Both bars are for the median of the seeds, and both must be met. Nothing
else may run on the machine meanwhile: the load after each run is written down with it. Each
finished run is added to benchmarks/results/time_to_accuracy.jsonl; `--table` prints what is there.
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.accuracy import RECIPES, play

RESULTS = Path(__file__).resolve().parent / "results" / "time_to_accuracy.jsonl"


def bars() -> dict[str, tuple[float, float]]:
    """The timed recipes: seconds at most, accuracy at least."""
    found = {}
    for path in sorted(RECIPES.glob("*.json")):
        recipe = json.loads(path.read_text(encoding="utf-8"))
        if "seconds" in recipe["about"]:
            found[path.stem] = (float(recipe["about"]["seconds"]), recipe["expect"]["accuracy"])
    return found


def line(name: str, most: float, least: float, rows: list[dict]) -> str:
    """One recipe's row of the table; the last result of each seed counts."""
    rows = list({row["seed"]: row for row in rows}.values())
    accuracies = [row["test"]["accuracy"] for row in rows]
    times = [row["seconds"] for row in rows]
    accuracy, seconds = statistics.median(accuracies), statistics.median(times)
    cells = [
        name,
        f"{least:.2%} in {most:g} s",
        f"{accuracy:.2%}",
        f"{min(accuracies):.2%} .. {max(accuracies):.2%}",
        f"{seconds:.1f}",
        f"{min(times):.1f} .. {max(times):.1f}",
        str(len(rows)),
        f"{max(row['load'] for row in rows):.1f}",
        "yes" if accuracy >= least and seconds <= most else "NO",
    ]
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """All results, one line a recipe."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    rows = [json.loads(each) for each in text.splitlines()]
    lines = [
        "| recipe | bar | accuracy, median | min .. max | seconds, median | min .. max "
        "| seeds | highest load | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (most, least) in bars().items():
        own = [row for row in rows if row["recipe"] == name]
        lines += [line(name, most, least, own)] if own else []
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", help="names of timed recipes; none: all")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--table", action="store_true", help="only print what was measured")
    given = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    for name in given.recipes or bars() if not given.table else ():
        for seed in map(int, given.seeds.split(",")):
            row = play(name, seed)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            kept = {k: row[k] for k in ("recipe", "seed", "seconds", "threads", "load")}
            print(json.dumps({**kept, "accuracy": row["test"]["accuracy"]}), flush=True)
    print(table())


if __name__ == "__main__":
    main()
