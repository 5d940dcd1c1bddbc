"""Remake the pictures of docs/images/views, one of each view: python docs/pictures.py [TOUR]

TOUR is the folder of a tour (`etude tour`), runs/tour without it; a run that lacks is trained.
"""

import sys
from pathlib import Path

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


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/tour"))
