"""The peers' own environment, .venv-peers: a pip call for each group of requirements.txt.

    python -m benchmarks.peers.environment      make it, and say what could not be installed

It sees the packages of the environment that this runs in after its own, so that every peer trains
with étude's own torch, and none of the peers' packages reaches étude.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

HOME = Path(__file__).resolve().parent
ROOT = HOME.parent.parent
PLACE = ROOT / ".venv-peers"
PYTHON = PLACE / ("Scripts" if os.name == "nt" else "bin") / "python"
STATE = PLACE / "groups.json"
FAILED = "cannot be installed"
HEAD = re.compile(r"# \[(\w+)\]")


def groups(text: str) -> dict[str, list[str]]:
    """The requirements of each group."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := HEAD.fullmatch(line.strip()):
            name = match[1]
            found[name] = []
        elif line.strip() and not line.startswith("#"):
            found[name].append(line.strip())
    return found


def pip(requirements: list[str]) -> str:
    """Install them: "" or why not, in pip's last line."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    pins = ["-c", str(ROOT / "constraints.txt")]
    done = subprocess.run(
        [*command, *pins, *requirements], capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"pip gave {done.returncode}"


def install(
    wanted: dict[str, list[str]],
    state: dict[str, dict[str, str]],
    by: Callable[[list[str]], str] = pip,
) -> dict[str, dict[str, str]]:
    """What came of each group: its requirements, and "" or why it is not here. What was installed
    before with the same requirements stays; what failed is tried again."""
    found = {}
    for name, requirements in wanted.items():
        text = " ".join(requirements)
        if state.get(name) == {"requirements": text, "failure": ""}:
            found[name] = state[name]
            continue
        print(f"  peers: {name} ({text})", file=sys.stderr, flush=True)
        why = by(requirements)
        found[name] = {"requirements": text, "failure": f"{FAILED}: {why}" if why else ""}
    return found


def make() -> None:
    """An empty environment that looks into the running one after its own."""
    print(f"Setting up the peers in {PLACE} (once, about 2 GB).", file=sys.stderr, flush=True)
    venv.create(PLACE, clear=True, with_pip=True)
    ask = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    site = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    seen = [path for path in sys.path if path.endswith("-packages")]
    (Path(site) / "etude-environment.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")


def ensure() -> dict[str, str]:
    """Why each group is not here, "" where it is."""
    stamp = hashlib.sha256(f"{sys.prefix} {sys.version}".encode()).hexdigest()
    state = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
    if state.get("stamp") != stamp or not PYTHON.exists():
        state = {"stamp": stamp}
        make()
    wanted = groups((HOME / "requirements.txt").read_text(encoding="utf-8"))
    state = {"stamp": stamp, **install(wanted, state)}
    STATE.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    return {name: state[name]["failure"] for name in wanted}


if __name__ == "__main__":
    for group, failure in ensure().items():
        print(f"{group}: {failure or 'installed'}")
