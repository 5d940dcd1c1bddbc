"""Remake the pictures of docs/images/views, one of each view: python docs/pictures.py [TOUR]

TOUR is the folder of a tour (`etude tour`), runs/tour without it; a run that lacks is trained.
`python docs/pictures.py TOUR pages` remakes those of the page that answers; it needs Chromium.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import etude
from etude.inspection import gallery
from etude.render import style

PLACE = Path(__file__).parent / "images" / "views"
SHOWN = {
    "mlp-digits": ["curves", "first-layer"],
    "mlp-curve": ["fitted"],
    "cnn-digits": [
        "shapes", "confusion", "mistakes", "calibration", "attributions", "filters", "features",
        "class-map", "units", "weights",
    ],
    "lstm-digits": ["gates", "hidden-steps"],
    "transformer-series": ["forecast", "error-ahead"],
    "transformer-digits": ["attention"],
    "vit-digits": ["class-token", "positions"],
    "aae-digits": [
        "filmstrip", "reconstructions", "latent", "decoded-grid", "walk", "prior", "critic",
    ],
}  # fmt: skip
"""A run of the tour, and the views it is shown for."""


PAGES = {
    "page-light": ("cnn-digits", 1, "1000,760"),
    "page-dark": ("transformer-series", 0, "1000,560"),
}
"""A run of the tour, Chromium's number of its colour scheme (0: dark), and the size in pixels."""


def run_of(tour: Path, name: str) -> "etude.Run":
    """A run of the tour, trained if it lacks."""
    if (tour / name / "report.html").exists():
        return etude.load(tour / name)
    model, data = name.split("-")
    return etude.train(model, data, name=name, root=tour)


def main(tour: Path) -> None:
    """One picture a view, light, small enough for a repository."""
    style.DPI = 80
    PLACE.mkdir(parents=True, exist_ok=True)
    missing = set(gallery.views()) - {view for views in SHOWN.values() for view in views}
    assert not missing, f"no run shows {missing}"
    for name, views in SHOWN.items():
        for each in run_of(tour, name).look(view=views):
            (PLACE / f"{each.name}.png").write_bytes(each.light)
            print(PLACE / f"{each.name}.png")


def pages(tour: Path) -> None:
    """Pictures of the page of a network, as Chromium shows it, in 64 colours."""
    for name, (run, scheme, size) in PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            page, shot = place / "page.html", place / "page.png"
            run_of(tour, run).export("html", page)
            line = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            line += ["--virtual-time-budget=5000", f"--user-data-dir={place / 'browser'}"]
            line += [f"--blink-settings=preferredColorScheme={scheme}", f"--window-size={size}"]
            subprocess.run([*line, f"--screenshot={shot}", page.as_uri()], check=True)
            seen = Image.open(shot).convert("RGB").quantize(64)
            seen.save(PLACE.parent / f"{name}.png", optimize=True)
            print(PLACE.parent / f"{name}.png")


if __name__ == "__main__":
    run = pages if sys.argv[2:] == ["pages"] else main
    run(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/tour"))
