"""Claim: étude trains every network faster than every peer, learning no less, in no more memory.

    python -m benchmarks.training                          all networks, all peers, batch 128
    python -m benchmarks.training --only mlp,cnn --rounds 5 --seeds 0,1,2
    python -m benchmarks.training --batch 512 --only mlp   the two peers that were best at 128
    python -m benchmarks.training --table                  what was measured
    python -m benchmarks.training --only vit -- precision=fp32     words for étude

The same network, data (Fashion-MNIST), batch size, optimizer (Adam, 1e-3, nothing else), loss and
epochs for all; each program a process of its own, the order alternated between rounds. Round r has
the r-th seed. The speed is of the training loop, warm: after 20 steps, or after compilation.
"""

import sys

from benchmarks import common, programs
from benchmarks.common import Results, Spread, shown, spread
from benchmarks.programs import OURS

KEY = ("network", "batch", "program")
EPOCHS = {"mlp": 3, "cnn": 1, "lstm": 1, "vit": 1, "aae": 1}
"""The MLP's epochs are short; more of them make it a measurement."""
BARS = {"mlp": (1.0, 8.0), "cnn": (3.3, None), "lstm": (2.0, None), "vit": (1.9, None),
        "aae": (1.7, None)}  # fmt: skip
"""Times the best peer, times idiomatic, on two cores at batch 128."""
HEAD = ("network", "batch", "program", "samples/s, median (min .. max)", "n", "with first steps",
        "of idiomatic", "quality", "resident MB", "parameters")  # fmt: skip


def best_peers(results: Results, network: str, count: int) -> list[str]:
    """The peers with the highest medians at batch 128."""
    medians = {
        name: found.median
        for name in programs.on(network)
        if name != OURS and (found := speed(results, network, 128, name)) is not None
    }
    return sorted(medians, key=lambda name: -medians[name])[:count]


def speed(results: Results, network: str, batch: int, name: str) -> Spread | None:
    """Samples a second."""
    return spread(results.values("samples_per_second", network=network, batch=batch, program=name))


def quality(results: Results, network: str, batch: int, name: str) -> Spread | None:
    """Accuracy; of the autoencoder its error."""
    what = "reconstruction" if network == "aae" else "accuracy"
    return spread(results.values(what, network=network, batch=batch, program=name))


def memory(results: Results, network: str, batch: int, name: str) -> Spread | None:
    """The most that was resident."""
    return spread(results.values("resident_mb", network=network, batch=batch, program=name))


def seen(results: Results) -> list[tuple[str, int, list[str]]]:
    """(network, batch, programs) of all that was measured, as the programs are listed."""
    found = []
    for network in programs.ALL:
        for batch in sorted({row["batch"] for row in results.of(network=network)}):
            rows = results.of(network=network, batch=batch)
            names = [n for n in programs.PROGRAMS if any(row["program"] == n for row in rows)]
            found.append((network, batch, names))
    return found


def table(results: Results) -> str:
    """A row a program, then the bars."""
    rows = [
        (network, batch, *_row(results, network, batch, name))
        for network, batch, names in seen(results)
        for name in names
    ]
    parts = [common.markdown(HEAD, rows), common.markdown(*bars(results)), results.where()]
    return "\n\n".join(parts)


def _row(results: Results, network: str, batch: int, name: str) -> tuple[object, ...]:
    """What is said of one program; of one that always failed, why."""
    which = {"network": network, "batch": batch, "program": name}
    label = "**étude**" if name == OURS else name
    fast, slow = (speed(results, network, batch, one) for one in (name, "idiomatic"))
    if fast is None:
        return (label, results.error(**which), *["-"] * (len(HEAD) - 4))
    every = spread(results.values("samples_per_second_all", **which))
    failed = sum("error" in row for row in results.of(**which))
    return (
        label,
        fast,
        f"{fast.n} ({failed} failed)" if failed else fast.n,
        shown(every.median),
        f"{fast.median / slow.median:.2f}" if slow else "-",
        quality(results, network, batch, name),
        shown(memory(results, network, batch, name).median),
        f"{results.values('parameters', **which)[-1]:,}",
    )


def bars(results: Results) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What is aimed at, and whether it is so."""
    rows = []
    for network, batch, names in seen(results):
        ours = speed(results, network, batch, OURS)
        peers = {
            name: found.median
            for name in names
            if name != OURS and (found := speed(results, network, batch, name))
        }
        if not peers:
            continue
        best = max(peers, key=lambda name: peers[name])
        high, over = BARS[network] if batch == 128 else (1.0, None)
        ratio = ours.median / peers[best] if ours else None
        what = f"of the best peer ({best})"
        rows.append(_bar(network, batch, what, ratio, high))
        if over and "idiomatic" in peers:
            ratio = ours.median / peers["idiomatic"] if ours else None
            rows.append(_bar(network, batch, "of idiomatic", ratio, over))
        rows += _memory_and_quality(results, network, batch, list(peers))
    return ("network", "batch", "étude", "is", "bar", "met"), rows


def _bar(network: str, batch: int, what: str, ratio: float | None, bar: float) -> tuple[str, ...]:
    said = "not measured" if ratio is None else f"{ratio:.2f}"
    return (network, str(batch), what, said, f">= {bar:g}", common.verdict(ratio, bar))


def _memory_and_quality(
    results: Results, network: str, batch: int, peers: list[str]
) -> list[tuple[str, ...]]:
    held = memory(results, network, batch, OURS)
    least = min(memory(results, network, batch, name).median for name in peers)
    said = shown(held.median) if held else "not measured"
    fits = common.verdict(held.median if held else None, least, at_least=False)
    rows = [(network, str(batch), "resident MB", said, f"<= {shown(least)}", fits)]
    base = "idiomatic" if "idiomatic" in peers else peers[0]
    ours, theirs = (quality(results, network, batch, name) for name in (OURS, base))
    fine = common.no_worse(ours, theirs, higher=network != "aae")
    what = "reconstruction" if network == "aae" else "accuracy"
    said = str(ours) if ours else "not measured"
    return [*rows, (network, str(batch), what, said, f"as {base}: {theirs}", fine)]


def draw(results: Results) -> None:
    """A panel a network and batch."""
    panels = seen(results)

    def paint(figure, ink) -> None:
        heights = [len(names) + 2 for _, _, names in panels]
        grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
        for axes, (network, batch, names) in zip(grid[:, 0], panels):
            found = [speed(results, network, batch, name) for name in names]
            labels = ["étude" if name == OURS else name for name in names]
            common.ranges(axes, ink, labels, found)
            axes.set_xlim(left=0)
            axes.set_title(f"{network}, batch {batch}")
        grid[-1, 0].set_xlabel("training samples a second (more is better)")

    height = sum(0.26 * len(names) + 0.75 for _, _, names in panels)
    title = "Training speed beside the peers"
    alt = "Training samples a second of each network, étude and each peer: median, least and most."
    common.save_picture(results, title, alt, paint, (7.2, max(2.4, height)))


def main() -> None:
    words, extra = common.divided(sys.argv[1:])
    parser = common.parser(__doc__, rounds=3)
    parser.add_argument("--only", default=",".join(programs.ALL), help="networks, with commas")
    parser.add_argument("--peers", default="", help="programs, with commas (étude always)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=0, help="instead of each network's own")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", default="0,1,2")
    given = parser.parse_args(words)
    results = Results("training", KEY, common.results_folder(given.quick))
    seeds = [int(seed) for seed in given.seeds.split(",")]
    for network in given.only.split(",") if not given.table else ():
        chosen = [name for name in given.peers.split(",") if name]
        if given.batch != 128 and not chosen:
            chosen = best_peers(results, network, 2)
        names = programs.on(network, chosen)
        failures = programs.missing(names)
        epochs = 1 if given.quick else given.epochs or EPOCHS[network]
        for number, name in programs.alternate(names, given.rounds):
            asked = {"network": network, "batch": given.batch, "epochs": epochs,
                     "threads": given.threads, "seed": seeds[number % len(seeds)],
                     "samples": 24 * given.batch if given.quick else 60_000}  # fmt: skip
            flags = [word for key, value in asked.items() for word in (f"--{key}", str(value))]
            row = programs.run(name, failures, flags, extra)
            results.add({**asked, "program": name, "round": number, **row})
            said = row.get("samples_per_second", row.get("error"))
            print(f"{network} {number} {name}: {said}", file=sys.stderr, flush=True)
    if results.rows:
        draw(results)
        print(table(results))


if __name__ == "__main__":
    main()
