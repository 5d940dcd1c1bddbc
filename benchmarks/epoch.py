"""Claim: one epoch of the MLP, start-up and test included, ends before every peer's.

    python -m benchmarks.epoch --rounds 7
    python -m benchmarks.epoch --table

The whole process as a user waits for it, timed from outside: imports, reading the data, one epoch
at batch 128, the test split; of étude also its checks, its run folder, its pictures and its report.
Programs and order as in training.py.
"""

import sys

from benchmarks import common, programs
from benchmarks.common import Results, Spread, shown, spread
from benchmarks.programs import OURS

NETWORK = "mlp"
HEAD = ("program", "seconds, median (min .. max)", "n", "of étude", "accuracy", "resident MB")


def seconds(results: Results, name: str) -> Spread | None:
    """Of the whole process."""
    return spread(results.values("seconds_total", program=name))


def measured(results: Results) -> list[str]:
    """The programs that have a row, as they are listed."""
    return [name for name in programs.PROGRAMS if results.of(program=name)]


def table(results: Results) -> str:
    """A row a program, étude first, and whether it is ahead of all."""
    ours = seconds(results, OURS)
    rows, peers = [], {}
    for name in measured(results):
        found = seconds(results, name)
        label = "**étude**" if name == OURS else name
        if found is None:
            rows.append((label, results.error(program=name), *["-"] * 4))
            continue
        if name != OURS:
            peers[name] = found.median
        accuracy = spread(results.values("accuracy", program=name))
        held = spread(results.values("resident_mb", program=name))
        ratio = f"{found.median / ours.median:.2f}" if ours else "-"
        rows.append((label, found, found.n, ratio, accuracy, shown(held.median)))
    parts = [common.markdown(HEAD, rows)]
    if peers:
        best = min(peers, key=lambda name: peers[name])
        met = common.verdict(ours.median if ours else None, peers[best], at_least=False)
        said = shown(ours.median) if ours else "not measured"
        parts.append(f"étude {said} s, the quickest peer ({best}) {shown(peers[best])} s: {met}.")
    return "\n\n".join([*parts, results.where()])


def draw(results: Results) -> None:
    """All programs in one panel."""
    names = measured(results)

    def paint(figure, ink) -> None:
        axes = figure.subplots()
        labels = ["étude" if name == OURS else name for name in names]
        common.ranges(axes, ink, labels, [seconds(results, name) for name in names])
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds of the whole process (less is better)")

    alt = "Seconds that one epoch of the MLP takes as a whole process, étude and each peer."
    title = "One epoch of Fashion-MNIST, start to end"
    common.save_picture(results, title, alt, paint, (7.2, 1.0 + 0.26 * len(names)))


def main() -> None:
    words, extra = common.divided(sys.argv[1:])
    parser = common.parser(__doc__, rounds=5)
    parser.add_argument("--peers", default="", help="programs, with commas (étude always)")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(words)
    results = Results("epoch", ("program",), common.results_folder(given.quick))
    names = programs.on(NETWORK, [name for name in given.peers.split(",") if name])
    failures = {} if given.table else programs.missing(names)
    for number, name in programs.alternate(names, 0 if given.table else given.rounds):
        asked = {"network": NETWORK, "batch": 128, "epochs": 1, "threads": given.threads,
                 "seed": number, "samples": 3072 if given.quick else 60_000}  # fmt: skip
        flags = [word for key, value in asked.items() for word in (f"--{key}", str(value))]
        row = programs.run(name, failures, flags, extra)
        results.add({**asked, "program": name, "round": number, **row})
        said = row.get("seconds_total", row.get("error"))
        print(f"{number} {name}: {said}", file=sys.stderr, flush=True)
    if results.rows:
        draw(results)
        print(table(results))


if __name__ == "__main__":
    main()
