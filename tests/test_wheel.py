"""A built wheel, installed in a fresh environment outside the repository, works."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def call(*words: str | Path, folder: Path) -> str:
    """What a program prints, run in `folder` without this repository on its path."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    line = [str(word) for word in words]
    ended = subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, ROOT)
    call(*build, folder=folder)
    [found] = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_a_wheel_has_the_source_and_its_sentences_alone(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.*")}
    wanted = {name for name in source if "__pycache__" not in name}
    assert {"etude/locale/en.json", "etude/locale/ko.json"} <= wanted
    assert {"etude/render/templates/page.html.j2", "etude/render/templates/style.css.j2"} <= wanted
    assert {name for name in names if ".dist-info/" not in name} == wanted


@pytest.mark.slow
def test_an_installed_wheel_trains_and_predicts(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    site = call(scripts / "python", "-c", "import site; print(site.getsitepackages()[0])",
                folder=tmp_path).strip()  # fmt: skip
    # The dependencies of this environment. Its editable étude is not among them: a .pth of theirs
    # that names it is not read.
    there = [path for path in sys.path if path.endswith("-packages")]
    Path(site, "dependencies.pth").write_text("\n".join(there) + "\n")
    call(scripts / "pip", "install", "-q", "--no-deps", "--no-index", wheel, folder=tmp_path)
    place = call(scripts / "python", "-c", "import etude; print(etude.__file__)", folder=tmp_path)
    assert Path(place.strip()).is_relative_to(tmp_path)
    assert "train" in call(scripts / "etude", "--help", folder=tmp_path)
    call(scripts / "etude", "train", "mlp", "--data", "curve", "--epochs", "1", "--name", "a",
         folder=tmp_path)  # fmt: skip
    assert "0.5" in call(scripts / "etude", "predict", "runs/a", "0.5", folder=tmp_path)
