"""Sets étude up and plays it. Standard library alone.

    python3 play.py              set up, then train every network of the notes (the tour)
    python3 play.py test         the same set-up, then lint, types and tests
    python3 play.py test --slow  also the longer proofs
    python3 play.py faults       break runs on purpose: what docs/promises.md promises must hold
    python3 play.py bench        list what is claimed; with names, measure it: bench epoch training
    python3 play.py house        the figures of docs/house.md: lines, imports, comments, by room
    python3 play.py COMMAND ...  the same set-up, then `etude COMMAND ...`

All of it goes into .venv beside this file; a second start skips what is there.
"""

import hashlib
import locale
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
WANTED = ("pyproject.toml", "constraints.txt")


def site_with_torch() -> str:
    """The site-packages folder of a fitting torch that the running Python already has, or ''."""
    ask = (
        "import importlib.metadata as m, pathlib, sys\n"
        "pinned = sys.argv[1]\n"
        "try:\n"
        "    found = m.distribution('torch')\n"
        "except m.PackageNotFoundError:\n"
        "    sys.exit()\n"
        "if found.version.split('+')[0] == pinned:\n"
        "    print(pathlib.Path(str(found.locate_file(''))).resolve())\n"
    )
    pins = (HERE / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = next(p.split("==")[1] for p in pins if p.startswith("torch=="))
    command = [sys.executable, "-c", ask, pinned]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def say_what_comes(extra: str, torch_at: str) -> None:
    """What is about to be downloaded, and about how much, before it is."""
    print(f"Setting up in {VENV} (once).")
    if torch_at:
        print(f"  PyTorch is here already and will be used: {torch_at}")
    else:
        print("  PyTorch: a CPU build is about 0.2 GB to download, 0.8 GB on the disk;")
        print("           where pip's index has only a CUDA build (Linux), 3 GB, 7 GB on the disk.")
    print("  NumPy, SciPy, scikit-learn, matplotlib and others: about 0.1 GB, 0.5 GB on the disk.")
    if extra:
        print("  For the tests, pytest, hypothesis, kornia, ruff and mypy: about 0.05 GB more.")
    print("  To stop, press Ctrl-C; deleting .venv undoes it all.", flush=True)


def set_up(extra: str) -> None:
    """Make .venv and install étude into it, unless the same was installed before."""
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in WANTED)
    mark = VENV / f"etude-{extra or 'core'}.installed"
    stamp = hashlib.sha256(f"{text}{sys.version}{HERE}".encode()).hexdigest()
    if PYTHON.exists() and mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return
    torch_at = site_with_torch()
    say_what_comes(extra, torch_at)
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    if torch_at and not Path(torch_at).is_relative_to(VENV):
        site = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        ask = [str(PYTHON), "-c", site]
        place = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
        # The other environment's packages come after .venv's own, so .venv's are preferred.
        # Python reads such a file as UTF-8 from 3.13 on, before in the system's own encoding.
        encoding = "utf-8" if sys.version_info >= (3, 13) else locale.getencoding()
        (Path(place) / "torch-from-outside.pth").write_text(torch_at + "\n", encoding=encoding)
    wanted = f"{HERE}[{extra}]" if extra else str(HERE)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "-c"]
    subprocess.run([*pip, str(HERE / "constraints.txt"), "-e", wanted], check=True)
    mark.write_text(stamp, encoding="utf-8")


def run(*command: str) -> int:
    """Run a program of the environment; its exit code."""
    env = {**os.environ, "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    child = subprocess.Popen([str(PYTHON), "-m", *command], env=env)
    # Ctrl-C reaches the child too, which saves what it has; waiting is all that is left to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "nt":
        # Ctrl-Break reaches the child too, which saves; SIGTERM between processes does not exist.
        signal.signal(getattr(signal, "SIGBREAK"), signal.SIG_IGN)  # noqa: B009
    else:
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
    return child.wait()


def test(arguments: list[str]) -> int:
    """Lint, types, tests; the first that fails ends it."""
    chosen = [] if "--slow" in arguments else ["-m", "not slow"]
    rest = [a for a in arguments if a != "--slow"]
    os.chdir(HERE)
    return (
        run("ruff", "check", ".")
        or run("ruff", "format", "--check", ".")
        or run("mypy")
        or run("pytest", "-n", "2", "-q", *chosen, *rest)
    )


def claims() -> dict[str, str]:
    """What is claimed, by the name of the file under benchmarks/ that measures it."""
    start, found = '"""Claim: ', {}
    for path in sorted((HERE / "benchmarks").glob("*.py")):
        head = path.read_text(encoding="utf-8").partition("\n")[0]
        if head.startswith(start):
            found[path.stem] = head.removeprefix(start)
    return found


def bench(arguments: list[str]) -> int:
    """Measure the claims that are named; words from the first option on go to each of them."""
    cut = next((i for i, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names, words = arguments[:cut], arguments[cut:]
    unknown = [name for name in names if name not in claims()]
    if unknown or not names:
        print(f"Unknown: {', '.join(unknown)}. " * bool(unknown) + "What is claimed:")
        print("\n".join(f"  {name:18}{claim}" for name, claim in claims().items()))
        return 2 if unknown else 0
    set_up("")
    os.chdir(HERE)
    return max(run(f"benchmarks.{name}", *words) for name in names)


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")  # a terminal without an é
    if sys.version_info < (3, 11):  # noqa: UP036  (said in words, before pip would)
        print(f"étude needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 2
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("tour", [])
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        if command == "bench":
            return bench(arguments)
        set_up("dev" if command in ("test", "faults", "house") else "")
        if command == "faults":
            os.chdir(HERE)
            return run("tests.faults", *arguments)
        if command == "house":
            os.chdir(HERE)
            return run("tests.figures", *arguments)
        return test(arguments) if command == "test" else run("etude", command, *arguments)
    except subprocess.CalledProcessError as error:
        print(f"The set-up failed: {' '.join(map(str, error.cmd))} gave {error.returncode}.")
        return error.returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # nobody reads on, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
