"""The latent space as a map: where the codes of the test images lie, by class, on the prior."""

from typing import Any

import numpy as np

from etude.draw.style import Ink
from etude.look.plane import Plane, codes_of, needs_codes
from etude.look.subject import Subject
from etude.look.view import Shown, View, shown


def draw(subject: Subject) -> list[Shown]:
    """Points by class with the class's name at its middle; rings at 1, 2 and 3 standard deviations
    of the prior, which in any plane through a round Gaussian are circles."""
    codes, chosen = codes_of(subject)
    plane = Plane.through(codes)
    points, scale = plane.on(codes), float(subject.model.prior_scale)  # type: ignore[arg-type]
    centre = plane.on(np.zeros((1, codes.shape[1])))[0]
    classes = subject.card.classes or ("",)
    labels = subject.data.test.y[chosen] if subject.card.classes else np.zeros(len(codes), int)

    def paint(figure: Any, ink: Ink) -> None:
        from matplotlib.patches import Circle
        from matplotlib.patheffects import withStroke

        axes = figure.subplots()
        for index, name in enumerate(classes):
            own = points[labels == index]
            color = ink.classes[index % len(ink.classes)]
            axes.scatter(*own.T, s=7, color=color, alpha=0.6, linewidths=0)
            if len(own) and name:
                edge = [withStroke(linewidth=3, foreground=ink.paper)]
                middle = np.median(own, 0)
                axes.text(*middle, name, color=color, weight="bold", path_effects=edge)
        for k in (1, 2, 3):
            ring = {"fill": False, "edgecolor": ink.text, "linewidth": 0.8, "linestyle": ":"}
            axes.add_patch(Circle(centre, k * scale, **ring))
        axes.plot([], [], color=ink.text, linestyle=":", linewidth=0.8, label="prior: 1, 2, 3 std")
        axes.set_aspect("equal")
        across, down = plane.names()
        axes.set(xlabel=across, ylabel=down)
        axes.legend(loc="upper left")

    alt = subject.say("latent.alt", count=len(codes), width=codes.shape[1], share=plane.share)
    arrays = {"codes": codes, "samples": chosen, "points": points, "axes": plane.axes}
    title = subject.say("latent.title")
    return [shown("latent", title, alt, paint, (6.0, 5.6), **arrays)]


VIEW = View("codes as a map, by class, with the prior's contour", needs_codes, draw, 46)
