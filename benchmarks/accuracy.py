"""Claim: the recipes reach what they expect. Plays each with several seeds and prints a table.

    python benchmarks/accuracy.py digits-mlp digits-cnn --seeds 0,1,2,3,4

Runs go to a folder of their own; each finished run is added to benchmarks/results/accuracy.jsonl
with machine and versions, and `--table` prints the table of all that stands there.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECIPES = HERE.parent / "recipes"
RESULTS = HERE / "results" / "accuracy.jsonl"
LOWER = ("mae", "prior_ratio", "reconstruction")


def play(name: str, seed: int) -> dict:
    """Train one recipe with one seed."""
    from etude import verbs
    from etude.runs.provenance import environment

    with tempfile.TemporaryDirectory() as folder:
        run = verbs.train(
            str(RECIPES / f"{name}.json"), seed=seed, root=Path(folder), name=f"{name}-{seed}"
        )
        where = environment()
        return {
            "recipe": name,
            "digest": run.recipe.model_copy(update={"seed": 0}).digest[:12],
            "seed": seed,
            "date": time.strftime("%Y-%m-%d"),
            "test": {k: v for k, v in run.test.items() if isinstance(v, int | float)},
            "baseline": {run.result.goal: run.baseline.score, "what": run.baseline.kind},
            "parameters": run.result.parameters,
            "epochs": run.result.epochs,
            "seconds": round(run.seconds, 1),
            "samples_per_second": round(run.samples_per_second),
            "precision": run.recipe.train.precision,
            "threads": run.recipe.train.threads,
            "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "machine": where["cpu"],
            "cores": where["cores"],
            "torch": where["packages"]["torch"],
            "load": round(os.getloadavg()[0], 1),
        }


def met(expect: dict[str, float], means: dict[str, float]) -> bool:
    """Whether the means are as good as expected."""
    return all(means[k] <= v if k in LOWER else means[k] >= v for k, v in expect.items())


def table() -> str:
    """All results, one line a recipe."""
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    lines = [
        "| recipe | measure | expected | mean | min .. max | seeds | baseline | parameters "
        "| epochs | seconds | samples/s | met |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["recipe"] for row in rows):
        own = {row["seed"]: row for row in rows if row["recipe"] == name}
        expect = json.loads((RECIPES / f"{name}.json").read_text(encoding="utf-8"))["expect"]
        for key, wanted in expect.items():
            values = [row["test"][key] for row in own.values()]
            last = next(reversed(own.values()))
            baseline = last["baseline"].get(key)
            cells = [
                name,
                key,
                f"{'<=' if key in LOWER else '>='} {wanted:g}",
                f"{statistics.mean(values):.4f}",
                f"{min(values):.4f} .. {max(values):.4f}",
                str(len(values)),
                "-" if baseline is None else f"{baseline:.4f}",
                f"{last['parameters']:,}",
                str(last["epochs"]),
                f"{statistics.median(row['seconds'] for row in own.values()):.0f}",
                f"{statistics.median(row['samples_per_second'] for row in own.values()):,.0f}",
                "yes" if met({key: wanted}, {key: statistics.mean(values)}) else "NO",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", help="names under recipes/")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--table", action="store_true", help="only print what was measured")
    given = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    for name in given.recipes if not given.table else ():
        for seed in map(int, given.seeds.split(",")):
            row = play(name, seed)
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(
                json.dumps({k: row[k] for k in ("recipe", "seed", "test", "seconds")}), flush=True
            )
    print(table())


if __name__ == "__main__":
    main()
