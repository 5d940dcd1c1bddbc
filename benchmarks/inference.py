"""Claim: large batches are predicted and evaluated within 1.3 times ONNX Runtime, and equally.

    python -m benchmarks.inference --rounds 5
    python -m benchmarks.inference --table

Each network is trained for a moment, exported whole (bytes to logits) by torch's exporter, and both
are given the same raw images in fp32: one, 128, 1,024, and 10,000 by `evaluate` in its own batches.
Rounds alternate which side goes first; each side is a process of its own. eager: the module alone.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks import common, programs
from benchmarks.common import Results, Spread, shown, spread
from benchmarks.peers import environment

KEY = ("network", "batch", "program")
CHOSEN = ("mlp", "cnn", "lstm", "vit")
BAR = 1.3
LARGE = 1000
"""From so many samples on the bar holds; below, the ratio is only told."""
HEAD = ("network", "samples", "étude ms", "ONNX Runtime ms", "étude / ORT", "bar", "met",
        "eager ms", "largest difference", "same predictions")  # fmt: skip
HOME = Path(__file__).resolve().parent
SAMPLES, IMAGES = 6000, 10_000


def ms(results: Results, network: str, batch: int, name: str) -> Spread | None:
    """Milliseconds of one call."""
    return spread(results.values("ms", network=network, batch=batch, program=name))


def table(results: Results) -> str:
    """A row a network and size."""
    rows = []
    for network in (name for name in CHOSEN if results.of(network=name)):
        failure = results.error(network=network)
        if failure:
            rows.append((network, "-", failure, *["-"] * (len(HEAD) - 3)))
        same = results.of(network=network, program="compared")
        for batch in sorted({row["batch"] for row in results.of(network=network) if "ms" in row}):
            ours, theirs, eager = (
                ms(results, network, batch, name) for name in ("etude", "onnxruntime", "eager")
            )
            ratio = ours.median / theirs.median if ours and theirs else None
            met = common.verdict(ratio, BAR, at_least=False) if batch >= LARGE else "-"
            far = max((row["difference"] for row in same), default=None)
            count = min((row["equal"] for row in same), default=None)
            rows.append((
                network, f"{batch:,}", ours or "-", theirs or "-",
                "-" if ratio is None else f"{ratio:.2f}",
                f"<= {BAR}" if batch >= LARGE else "-", met, shown(eager.median) if eager else "-",
                "-" if far is None else f"{far:.1e}",
                "-" if count is None else f"{count:,} of {same[-1]['images']:,}",
            ))  # fmt: skip
    return "\n\n".join([common.markdown(HEAD, rows), results.where()])


def draw(results: Results) -> None:
    """A panel a network: three sizes and evaluation, by what a thousand samples take."""
    names = [name for name in CHOSEN if results.values("ms", network=name)]
    if not names:
        return
    said = {"etude": "étude", "onnxruntime": "ONNX Runtime", "eager": "eager module"}
    marks = {"etude": "s", "onnxruntime": "o", "eager": "^"}

    def paint(figure, ink) -> None:
        from etude.render.style import line
        from etude.render.ticks import log_scale

        grid = figure.subplots(1, len(names), squeeze=False, sharey=True)
        for axes, network in zip(grid[0], names):
            for index, name in enumerate(said):
                rows = results.of(network=network, program=name)
                sizes = sorted({row["batch"] for row in rows if "ms" in row})
                medians = [1000 * ms(results, network, size, name).median / size for size in sizes]
                style = {"marker": marks[name], "markersize": 4, **line(ink, index)}
                axes.plot(sizes, medians, label=said[name], **style)
            log_scale(axes.xaxis)
            log_scale(axes.yaxis)
            axes.set_title(network)
            axes.set_xlabel("samples in a call")
        grid[0, 0].set_ylabel("microseconds a sample (less is better)")
        grid[0, -1].legend()

    alt = "Microseconds a sample by samples in a call: étude, ONNX Runtime, the eager module."
    common.save_picture(results, "Inference", alt, paint, (2.4 * len(names) + 0.8, 3.4))


def prepared(network: str, folder: Path, threads: int, count: int) -> dict[str, str]:
    """The run, its export and raw images, by path; or {"error": why}."""
    import numpy as np

    sys.path.insert(0, str(HOME / "peers"))
    import fashion

    x, y, x_test, y_test = fashion.read(60_000)
    x_test, y_test = x_test[:count], y_test[:count]
    images, data = folder / "images.npy", folder / "some.npz"
    np.save(images, x_test[:, None])
    np.savez(data, x_train=x[:SAMPLES], y_train=y[:SAMPLES], x_test=x_test, y_test=y_test)
    words = ["--data", str(data), "--name", network, "--json", "epochs=1"]
    options = [*programs.NETWORKS[network], *programs.TRAINING, f"threads={threads}"]
    command = [sys.executable, "-m", "etude", "train", network, *words, *options]
    made = programs.call(command, folder=folder)
    if "error" in made:
        return made
    run = str(folder / made["run"])
    file = str(folder / f"{network}.onnx")
    tool = [str(environment.PYTHON), str(HOME / "peers" / "onnx_runtime.py")]
    exported = programs.call([*tool, "export", run, file])
    if "error" in exported:
        return exported
    return {"run": run, "onnx": file, "images": str(images)}


def compared(folder: Path) -> dict[str, object]:
    """How far the two sides' outputs are apart, and how often they say the same class."""
    import numpy as np

    ours, theirs = (np.load(folder / f"{name}.npy") for name in ("etude", "onnxruntime"))
    return {
        "program": "compared",
        "batch": len(ours),
        "images": len(ours),
        "difference": float(np.abs(ours - theirs).max()),
        "equal": int((ours.argmax(1) == theirs.argmax(1)).sum()),
    }


def measure(results: Results, network: str, rounds: int, threads: int, quick: bool) -> None:
    """All rounds of one network."""
    seconds, count = (0.1, 1500) if quick else (2.0, IMAGES)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = prepared(network, folder, threads, count)
        if "error" in made:
            results.add({"network": network, "program": "all", "batch": 0, **made})
            return
        flags = ["--threads", str(threads), "--seconds", str(seconds)]
        theirs = [str(environment.PYTHON), str(HOME / "peers" / "onnx_runtime.py"), "time",
                  made["onnx"]]  # fmt: skip
        commands = {
            "etude": [sys.executable, str(HOME / "infer.py"), made["run"]],
            "onnxruntime": theirs,
        }
        for number, name in programs.alternate(list(commands), rounds):
            out = str(folder / f"{name}.npy")
            found = programs.call([*commands[name], made["images"], out, *flags])
            rows = found.get("rows") or [{"program": name, "batch": 0, "error": found["error"]}]
            for row in rows:
                results.add({"network": network, "round": number, **row})
            said = " ".join(f"{row['batch']}: {row['ms']:.3f}" for row in rows if "ms" in row)
            print(f"{network} {number} {name} {said}", file=sys.stderr, flush=True)
        if all((folder / f"{name}.npy").exists() for name in commands):
            results.add({"network": network, **compared(folder)})


def main() -> None:
    parser = common.parser(__doc__, rounds=5)
    parser.add_argument("--only", default=",".join(CHOSEN), help="networks, with commas")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    results = Results("inference", KEY, common.results_folder(given.quick))
    if not given.table:
        failure = environment.ensure()["onnx"]
        for network in given.only.split(","):
            if failure:
                results.add({"network": network, "program": "all", "batch": 0, "error": failure})
            else:
                measure(results, network, given.rounds, given.threads, given.quick)
    if results.rows:
        draw(results)
        print(table(results))


if __name__ == "__main__":
    main()
