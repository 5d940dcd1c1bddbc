"""Latent interpolation: images decoded along the straight line between the codes of two images."""

import numpy as np
from matplotlib.figure import Figure

from etude.inspection.plane import codes_of, decoded, needs_codes
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import text
from etude.render.panels import as_panels, frames, show_sheet, tile
from etude.render.style import Ink

PAIRS, STEPS = 4, 9
"""Pairs of images, and decoded images per pair."""


def pairs(subject: Subject, chosen: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of positions in `chosen`, each of two images of different classes. Each pair starts
    with the image that ends the pair before."""
    labels = subject.data.test.y[chosen] if subject.card.classes else np.arange(len(chosen))
    firsts = [int(np.flatnonzero(labels == c)[0]) for c in np.unique(labels)]
    spread = np.linspace(0, len(firsts) - 1, min(PAIRS + 1, len(firsts))).round().astype(int)
    stops = [firsts[i] for i in spread]
    return list(zip(stops, stops[1:]))


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: one row per pair, with the original images at both ends."""
    codes, chosen = codes_of(subject)
    ways = pairs(subject, chosen)
    share = np.linspace(0, 1, STEPS)[:, None]
    along = [(1 - share) * codes[a] + share * codes[b] for a, b in ways]
    images = np.stack([decoded(subject, each) for each in along])
    # The originals in the range of the decoder, [-1, 1], then in 0..1 as the decoded images are.
    originals = subject.test.take(chosen[np.array(ways)].ravel()).x.numpy()
    ends = (originals.clip(-1, 1).reshape(len(ways), 2, *originals.shape[1:]) + 1) / 2
    whole = np.concatenate((ends[:, :1], images, ends[:, 1:]), axis=1)

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        sheet, xs, ys = tile(as_panels(whole.reshape(-1, *whole.shape[2:]), 1), STEPS + 2)
        show_sheet(axes, sheet)
        frames(axes, ink, xs, ys, whole.shape[-2:], len(ways) * (STEPS + 2))
        image = ink.say("walk.image")
        axes.set_xticks(xs, [image, *(f"{s:.0%}" for s in share[:, 0]), image])
        paths = [ink.say("walk.path", first=chosen[a], last=chosen[b]) for a, b in ways]
        axes.set_yticks(ys, paths)
        axes.tick_params(length=0)

    alt = subject.say("walk.alt", walks=len(ways), steps=STEPS)
    arrays = {"images": images, "samples": chosen[np.array(ways)]}
    moves = np.abs(np.diff(images, axis=1)).reshape(len(ways), STEPS - 1, -1).mean(2)
    row, step = np.unravel_index(moves.argmax(), moves.shape)
    note = notice(
        subject, "walk.notice", first=int(chosen[ways[row][0]]), last=int(chosen[ways[row][1]]),
        start=float(share[step, 0]), end=float(share[step + 1, 0]),
        # The maximum guards a decoder that ignores its code: its images never change.
        part=float(moves[row, step] / max(float(moves[row].sum()), 1e-12)),
    )  # fmt: skip
    size = (7.6, 0.35 + 0.62 * len(ways))
    return [view_picture(subject, "walk", alt, paint, size, note, **arrays)]


VIEW = View(text("walk.summary"), needs_codes, draw, 48)
