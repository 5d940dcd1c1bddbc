"""Images decoded from a regular grid of points in the plane of the codes."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.plane import Plane, codes_of, decoded, needs_codes
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import text
from etude.render.panels import as_panels, frames, show_sheet, tile
from etude.render.style import Ink

SIDE, REACH = 13, 2.0
"""Images per side, and the extent of the grid in standard deviations of the prior."""


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: a grid from -REACH to REACH standard deviations around the mean of the prior."""
    codes, _ = codes_of(subject)
    plane = Plane.through(codes)
    scale = float(subject.model.prior_scale)  # type: ignore[arg-type]
    at = np.linspace(-REACH, REACH, SIDE)
    # The prior has its mean at 0, the plane at the mean of the codes: the grid is centred at the
    # projection of 0.
    centre = plane.on(np.zeros((1, codes.shape[1])))[0]
    across, up = np.meshgrid(at, at[::-1])  # row 0 of a sheet is at the top, where y is largest
    points = centre + scale * np.stack((across.ravel(), up.ravel()), 1)
    images = decoded(subject, plane.off(points))

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(as_panels(images, 1), SIDE, gap=1)
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, images.shape[-2:], len(images))
        words = [f"{x:.1f}" if i % 3 == 0 else "" for i, x in enumerate(at)]
        axes.set_xticks(xs, words)
        axes.set_yticks(ys, words[::-1])
        axes.tick_params(length=0)
        first, second = (ink.say("decoded-grid.axis", name=name) for name in plane.names(ink))
        axes.set(xlabel=first, ylabel=second)

    alt = subject.say("decoded-grid.alt", side=SIDE, reach=REACH, share=plane.share)
    arrays = {"images": images, "points": points}
    square = images.reshape(SIDE, SIDE, -1)
    # Along axis 1 of the square x changes, along axis 0 y.
    by_axis = [float(np.abs(np.diff(square, axis=axis)).mean()) for axis in (1, 0)]
    more = int(np.argmax(by_axis))
    note = notice(
        subject, f"decoded-grid.notice.{('across', 'up')[more]}",
        more=255 * by_axis[more], less=255 * by_axis[1 - more],
    )  # fmt: skip
    return [view_picture(subject, "decoded-grid", alt, paint, (6.0, 6.0), note, **arrays)]


VIEW = View(text("decoded-grid.summary"), needs_codes, draw, 47)
