"""The discriminator: its probability that a point of the latent space is a sample of the prior."""

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.inspection.plane import Plane, codes_of, needs_codes, prior_of
from etude.inspection.subject import Subject
from etude.inspection.view import View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.style import Ink, legend
from etude.shapes import Tensor

SIDE = 80
"""Points per side of the map."""
GUESS = 0.6
"""Accuracy below which the discriminator is hardly better than guessing (0.5)."""


def fits(subject: Subject) -> Sentence:
    """ "" for autoencoders with a discriminator and with available data."""
    if subject.has_codes and not hasattr(subject.model, "discriminator"):
        return text("inspection.unfit.discriminator")
    return needs_codes(subject)


def sure_of_prior(subject: Subject, codes: np.ndarray) -> np.ndarray:
    """The discriminator's probability [n] that codes [n D] are samples of the prior."""
    discriminator = subject.model.get_submodule("discriminator")
    with torch.no_grad():
        logits: Tensor = discriminator(torch.from_numpy(codes.astype(np.float32)))
    return logits[:, 0].double().sigmoid().numpy()


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: left, its probabilities for codes and for samples of the prior; right, over the
    plane of the codes."""
    codes, _ = codes_of(subject)
    # As many samples as codes, because the histograms show counts.
    draws = prior_of(subject, len(codes))
    plane = Plane.through(codes)
    points, scale = plane.on(codes), subject.autoencoder.prior_scale
    reach = max(3 * scale, float(np.abs(points).max()))
    at = np.linspace(-reach, reach, SIDE)
    across, up = np.meshgrid(at, at)
    over = sure_of_prior(subject, plane.off(np.stack((across.ravel(), up.ravel()), 1)))
    of_codes, of_draws = sure_of_prior(subject, codes), sure_of_prior(subject, draws)
    # At equilibrium the discriminator gives 0.5 everywhere. The scale ends at its largest deviation
    # from that, because a scale of 0..1 would show one flat colour.
    far = max(0.02, *(float(np.abs(x - 0.5).max()) for x in (over, of_codes, of_draws)))
    # Balanced accuracy: codes and samples count alike.
    right = float((np.mean(of_codes < 0.5) + np.mean(of_draws >= 0.5)) / 2)

    def paint(figure: Figure, ink: Ink) -> None:
        left, map_ = figure.subplots(1, 2)
        edges = np.linspace(0.5 - far, 0.5 + far, 31)
        for values, key, i in ((of_codes, "axis.codes", 0), (of_draws, "critic.prior", 1)):
            style = {"color": ink.lines[i], "linestyle": "-" if i == 0 else "--", "linewidth": 1.6}
            left.stairs(np.histogram(values, edges)[0], edges, label=ink.say(key), **style)
        left.set(xlabel=ink.say("critic.probability"), ylabel=ink.say("critic.count"))
        legend(left, 1)
        image = map_.imshow(
            over.reshape(SIDE, SIDE), extent=(-reach, reach, -reach, reach), origin="lower",
            cmap=ink.signed, vmin=0.5 - far, vmax=0.5 + far,
        )  # fmt: skip
        map_.scatter(*points.T, s=2, color=ink.text, alpha=0.5, linewidths=0)
        first, second = plane.names(ink)
        map_.set(xlabel=first, ylabel=second)
        figure.colorbar(image, ax=map_, label=ink.say("critic.probability"), shrink=0.8)

    alt = subject.say("critic.alt", right=right)
    arrays = {"of_codes": of_codes, "of_prior": of_draws, "map": over.reshape(SIDE, SIDE)}
    note = notice(
        subject, f"critic.notice.{'guess' if right < GUESS else 'tells'}", right=right,
        codes=float(of_codes.mean()), draws=float(of_draws.mean()),
    )  # fmt: skip
    return [view_picture(subject, "critic", alt, paint, (7.6, 3.4), note, **arrays)]


VIEW = View(text("critic.summary"), fits, draw, 51)
