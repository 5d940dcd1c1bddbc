"""The distribution of the codes against the prior, number by number, with their distance."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.plane import codes_of, needs_codes
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import text
from etude.render.style import Ink

MOST, BINS = 8, 40
"""Largest number of histograms, and bins of each."""


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: a histogram of each of the first MOST numbers, with the density of the prior."""
    codes, _ = codes_of(subject)
    scale = float(subject.model.prior_scale)  # type: ignore[arg-type]
    test = subject.result.test
    count = min(codes.shape[1], MOST)
    # 99.99 % of a normal distribution lies within 4 standard deviations.
    edges = np.linspace(-4 * scale, 4 * scale, BINS + 1)
    density = np.stack([np.histogram(codes[:, d], edges)[0] for d in range(count)])
    # Divided by all codes, also those outside the edges, so that the bars compare with the density.
    density = density / (len(codes) * (edges[1] - edges[0]))
    grid = np.linspace(-4, 4, 200) * scale
    bell = np.exp(-((grid / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))

    def paint(figure: Figure, ink: Ink) -> None:
        columns = min(4, count)
        down = -(-count // columns)
        rows = figure.subplots(down, columns, squeeze=False, sharex=True, sharey=True)
        for d, axes in enumerate(rows.ravel()):
            if d >= count:
                axes.set_axis_off()
                continue
            bars = {"fill": True, "color": ink.lines[0], "alpha": 0.5}
            axes.stairs(density[d], edges, label=ink.say("axis.codes"), **bars)
            dashed = {"color": ink.lines[1], "linestyle": "--"}
            axes.plot(grid, bell, label=ink.say("prior.prior"), **dashed)
            axes.set_title(ink.say("prior.dimension", place=d + 1), fontsize=8)
        for axes in rows[-1]:
            axes.set_xlabel(ink.say("prior.value"))
        for axes in rows[:, 0]:
            axes.set_ylabel(ink.say("prior.density"))
        figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)

    alt = subject.say(
        "prior.alt", count=len(codes), shown=count, width=codes.shape[1],
        distance=test.prior_distance, ratio=test.prior_ratio,
    )  # fmt: skip
    size = (7.6, 1.0 + 1.3 * -(-count // 4))
    arrays = {"codes": codes, "mean": codes.mean(0), "std": codes.std(0)}
    mean, std = codes.mean(0), codes.std(0)
    # The number that differs most from the prior, in mean (in standard deviations) or in scale (the
    # logarithm treats half and double alike; the maximum guards a number that is constant).
    off = int((np.abs(mean) / scale + np.abs(np.log(np.maximum(std, 1e-12) / scale))).argmax())
    note = notice(
        subject, "prior.notice", place=off + 1, mean=float(mean[off]), std=float(std[off]),
        scale=scale, ratio=test.prior_ratio,
    )  # fmt: skip
    return [view_picture(subject, "prior", alt, paint, size, note, **arrays)]


VIEW = View(text("prior.summary"), needs_codes, draw, 49)
