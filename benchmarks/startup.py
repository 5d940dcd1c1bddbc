"""Claim: `etude --help` takes under 0.5 s of CPU and imports no torch.

python benchmarks/startup.py
"""

import resource
import statistics
import subprocess
import sys

RUNS = 11


def cpu_seconds(code: str) -> float:
    """CPU time of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main() -> None:
    help_ = [
        cpu_seconds("from etude.cli import main; import sys; main(['--help'])") for _ in range(RUNS)
    ]
    bare = [cpu_seconds("pass") for _ in range(RUNS)]
    check = (
        "import sys; from etude.cli import app; app(['--help']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)
    ratio = statistics.median(help_) / statistics.median(bare)
    print(
        f"etude --help: median {statistics.median(help_):.2f} s CPU of {RUNS}, "
        f"{min(help_):.2f} .. {max(help_):.2f}; {ratio:.0f} times an empty Python; no torch"
    )


if __name__ == "__main__":
    main()
