"""The latent space as a map: codes of test images by class, over the contours of the prior."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from etude.inspection.plane import Plane, codes_of, needs_codes
from etude.inspection.subject import Subject
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import text
from etude.render.labels import short, shorts
from etude.render.style import Ink, Style

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "p")


def draw(subject: Subject) -> list[ViewPicture]:
    """Codes as points, with one colour and marker per class, and rings at 1, 2 and 3 standard
    deviations of the prior."""
    codes, chosen = codes_of(subject)
    plane = Plane.through(codes)
    points, scale = plane.on(codes), subject.autoencoder.prior_scale
    # The prior is an isotropic Gaussian around 0, so in every plane its contours are circles around
    # the projection of 0.
    centre = plane.on(np.zeros((1, codes.shape[1])))[0]
    classes = subject.card.classes
    labels = subject.data.test.y[chosen] if classes else np.zeros(len(codes), int)

    def paint(figure: Figure, ink: Ink) -> None:
        axes = figure.subplots()
        names = shorts(classes or (ink.say("axis.codes"),), 1.5)
        for index, name in enumerate(names):
            style = marker_style(ink, index)
            own = points[labels == index]
            x, y = own.T
            axes.scatter(x, y, s=11, alpha=0.7, linewidths=0, label=name, **style)
        for k in (1, 2, 3):
            ring: Style = {"edgecolor": ink.text, "linewidth": 0.8, "linestyle": ":"}
            axes.add_patch(Circle(centre, k * scale, fill=False, **ring))
        # The legend would show a circle as a rectangle; an empty line gives it a dotted line.
        line: Style = {"color": ink.text, "linestyle": ":", "linewidth": 0.8}
        axes.plot([], [], label=ink.say("latent.prior"), **line)
        # The layout does not know by how much the aspect narrows the axes: unless they are at the
        # left of their place, their label can be cut.
        axes.set_aspect("equal", anchor="W")
        across, down = plane.names(ink)
        axes.set(xlabel=across, ylabel=down)
        columns = -(-(len(names) + 1) // 26)  # a column of the legend has room for 26 lines
        figure.legend(loc="outside right upper", fontsize=8, markerscale=1.6, ncols=columns)

    alt = subject.say("latent.alt", count=len(codes), width=codes.shape[1], share=plane.share)
    arrays = {"codes": codes, "samples": chosen, "points": points, "axes": plane.axes}
    size = (7.2 + 0.8 * (len(classes) // 26), 5.2)
    note = _notice(subject, codes, labels)
    return [view_picture(subject, "latent", alt, paint, size, note, **arrays)]


def marker_style(ink: Ink, index: int) -> Style:
    """Colour and marker of the index-th class.

    Ten consecutive classes have ten colours, and no two of the first 80 share both.
    """
    count = len(ink.classes)
    # The shift by index // count changes the marker at each pass through the colours. Without it,
    # class 40 would look like class 0, because 10 colours and 8 markers repeat after 40.
    shape = (index % count + index // count) % len(SHAPES)
    return {"color": ink.classes[index % count], "marker": SHAPES[shape]}


def _notice(subject: Subject, codes: np.ndarray, labels: np.ndarray) -> Notice:
    """How often the nearest code is of the same class, and which two classes mix most. Without
    classes, how many codes lie within the prior."""
    classes = subject.card.classes
    scale = subject.autoencoder.prior_scale
    if not classes:
        # A code of D standard normal numbers has a typical norm of sqrt(D); the limit is sqrt(2 D).
        inside = float(
            (np.linalg.norm(codes, axis=1) <= scale * np.sqrt(2 * codes.shape[1])).mean()
        )
        return notice(subject, "latent.notice.none", inside=inside)
    size = (codes**2).sum(1)
    # Squared distances [n n] as |a|^2 + |b|^2 - 2ab: the differences themselves would be [n n D].
    distance = size[:, None] + size - 2 * codes @ codes.T
    np.fill_diagonal(distance, np.inf)  # a code is not its own neighbour
    nearest = np.asarray(labels)[distance.argmin(1)]
    same = float((nearest == labels).mean())
    pairs = np.zeros((len(classes), len(classes)), int)
    np.add.at(pairs, (labels, nearest), 1)
    np.fill_diagonal(pairs, 0)
    one, two = np.unravel_index(pairs.argmax(), pairs.shape)
    names = (short(classes[i], 2) for i in (one, two))
    return notice(
        subject, "latent.notice" if pairs.any() else "latent.notice.apart", same=same,
        **dict(zip(("one", "two"), names)), count=int(pairs[one, two]),
    )  # fmt: skip


VIEW = View(text("latent.summary"), needs_codes, draw, 46)
