"""What every peer's program shares: the words it takes, its clock, the one line that it prints.

Imported before anything heavy, so that threads are set before a library reads them, and so that
`seconds_total` counts the imports too.
"""

import time

BEGAN = time.perf_counter()

import argparse  # noqa: E402
import importlib.metadata  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402

WARM = 20
"""Steps that do not count for the warm speed: caches fill, memory is first touched."""


def words(doc: str, networks: tuple[str, ...]) -> argparse.Namespace:
    """What is asked of a peer; threads are set for every library that reads the environment."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--network", choices=networks, default=networks[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="of a DataLoader")
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(given.threads)
    return given


class Clock:
    """Times a training loop: `start()`, then `step()` after each."""

    def __init__(self, batch: int) -> None:
        self.batch, self.steps = batch, 0
        self.began = self.warm = self.last = 0.0

    def start(self) -> None:
        """Training begins."""
        self.began = time.perf_counter()

    def step(self, steps: int = 1) -> None:
        """So many more steps are done."""
        self.steps += steps
        self.last = time.perf_counter()
        if self.steps <= WARM:
            self.warm = self.last

    def speeds(self) -> dict[str, float]:
        """Samples a second after the first steps, and of all. One that had no more steps than
        those has no warm speed: then both are of all."""
        whole = self.steps * self.batch / (self.last - self.began)
        if self.steps <= WARM:
            return {"samples_per_second": whole, "samples_per_second_all": whole}
        warm = (self.steps - WARM) * self.batch / (self.last - self.warm)
        return {"samples_per_second": warm, "samples_per_second_all": whole}


def resident_mb() -> float:
    """The most memory that was resident so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def milliseconds(action: Callable[[], object], seconds: float) -> tuple[float, int]:
    """(median, n) of calls for so many seconds, at least three, after two to warm up."""
    times: list[float] = []
    for _ in range(2):
        action()
    until = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < until:
        began = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times), len(times)


def report(
    peer: str,
    given: argparse.Namespace,
    speeds: dict[str, float],
    quality: dict[str, float],
    parameters: int,
    packages: tuple[str, ...],
    **more: str,
) -> None:
    """Print the line. quality: accuracy, or reconstruction. more: what else is to be told."""
    line = {
        "peer": peer,
        "network": given.network,
        "batch": given.batch,
        "epochs": given.epochs,
        "samples": given.samples,
        "threads": given.threads,
        "seed": given.seed,
        **{name: round(speed, 1) for name, speed in speeds.items()},
        "seconds_total": round(time.perf_counter() - BEGAN, 3),
        **{name: round(value, 5) for name, value in quality.items()},
        "resident_mb": round(resident_mb(), 1),
        "parameters": parameters,
        "versions": {name: importlib.metadata.version(name) for name in packages},
        **more,
    }
    print(json.dumps(line), flush=True)
