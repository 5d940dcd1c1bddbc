"""Attributions: the parts of the input that support the prediction, by two methods.

Sources: M. Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017, section 3
(integrated gradients, from the mean of the training data); M. Zeiler, R. Fergus, "Visualizing and
Understanding Convolutional Networks", 2014, section 4.2 (occlusion). Both are computed by captum.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure

from etude.data.tabular.columns import Column, used
from etude.data.tabular.encode import cell_text, column_of
from etude.inspection.subject import Sample, Subject, in_data_axes, steps_of
from etude.inspection.view import Notice, View, ViewPicture, notice, view_picture
from etude.locale.texts import Sentence, text
from etude.render.labels import wrapped
from etude.render.panels import framed, paint_sample, paint_steps
from etude.render.style import Ink, signs
from etude.shapes import Tensor

STEPS = 48
"""Steps of the integral from the baseline to the input."""
BARS = 15
"""Largest number of features of a vector with bars, by size of attribution."""
METHODS = ("attributions.integrated", "attributions.occlusion")
"""The keys of the names of both methods."""
Attribution = tuple[np.ndarray, np.ndarray, float]


def fits(subject: Subject) -> Sentence:
    """ "" for tasks that predict classes or values, with an available sample."""
    if subject.task.predicts == "other":
        return text("inspection.unfit.attributions")
    return subject.sample_problem


def answer(subject: Subject, sample: Sample) -> Callable[[Tensor], Tensor]:
    """The function to attribute: inputs [n ...] -> logit of the class predicted for the sample, or
    mean of the predicted values [n]."""
    model, (_, *rest) = subject.model, sample.batch.inputs
    with torch.no_grad():
        out = model(*sample.batch.inputs)
    # One class for all variants of the sample: the function would jump where the predicted class
    # changes.
    label = int(out[0].argmax()) if subject.task.predicts == "classes" else None

    def forward(x: Tensor) -> Tensor:
        # captum passes many variants of one sample; lengths are the same for all.
        output = model(x, *(part.expand(len(x)) for part in rest))
        # The logit, not the probability: where the network is confident, softmax is flat and its
        # gradient vanishes.
        return output[:, label] if label is not None else output.mean(1)  # type: ignore[no-any-return]

    return forward


def attribute(subject: Subject, sample: Sample) -> Attribution:
    """Integrated gradients and occlusion of a sample, in the axes of the raw data [...], and the
    completeness error: by how much the sum of the former misses the change of the output."""
    # Here, because captum takes seconds to import and every report loads the list of views.
    from captum.attr import FeatureAblation, IntegratedGradients, Occlusion

    forward, x = answer(subject, sample), sample.batch.x
    # The baseline is 0, the mean of the training data, because inputs are normalised.
    path = x.clone().requires_grad_()
    gradients, delta = IntegratedGradients(forward).attribute(
        path, torch.zeros_like(x), n_steps=STEPS, return_convergence_delta=True
    )
    columns = subject.card.columns
    if columns and subject.card.kind == "vector":
        # All features of a column are hidden at once, and a column is one bar.
        of = torch.from_numpy(column_of(columns))
        with torch.no_grad():
            hidden = FeatureAblation(forward).attribute(x, feature_mask=of[None])
        summed = np.bincount(of, gradients[0].detach().numpy())
        firsts = np.flatnonzero(np.diff(of, prepend=-1))
        return summed, hidden[0].numpy()[firsts], float(delta.abs())
    window = _window(tuple(x.shape[1:]), subject.card.kind == "image")
    with torch.no_grad():
        occluded = Occlusion(forward).attribute(x, window, baselines=0, perturbations_per_eval=64)
    arrays = (in_data_axes(a.detach().numpy(), subject.card)[0] for a in (gradients, occluded))
    slopes, hidden_by = arrays
    if columns:
        slopes, hidden_by = _by_column(columns, slopes, hidden_by, whole=len(window) == 2)
    return slopes, hidden_by, float(delta.abs())


def _by_column(
    columns: Sequence[Column], gradients: np.ndarray, occluded: np.ndarray, whole: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Attributions of features [L D] of a sequence as those of columns [L C]. whole: whether each
    step was hidden as a whole, so that its features have one value, which must not be added up."""
    firsts = np.flatnonzero(np.diff(column_of(columns), prepend=-1))
    hidden = occluded[:, firsts] if whole else np.add.reduceat(occluded, firsts, axis=1)
    return np.add.reduceat(gradients, firsts, axis=1), hidden


def _window(shape: tuple[int, ...], image: bool) -> tuple[int, ...]:
    """What occlusion hides at once: a square of an image, a step of a sequence, or a number."""
    if len(shape) == 3:
        side = max(1, min(shape[1:]) // 8)
        return (shape[0], side, side)
    if len(shape) == 2:
        # Rows of an image are steps of a sequence, but hiding one value gives a finer map.
        return (1, 1) if image else (1, shape[1])
    return (1,)


def draw(subject: Subject) -> list[ViewPicture]:
    """One picture: the input of each sample and its attributions by both methods."""
    samples = subject.samples
    results = [attribute(subject, sample) for sample in samples]
    classes = subject.task.predicts == "classes"
    unit = "attributions.logit" if classes else "attributions.value"
    paint, size = _layout(subject, samples, results, unit)
    alt = subject.say(
        "attributions.alt",
        names=" / ".join(sample.caption for sample in samples),
        what=subject.say(f"attributions.{subject.task.predicts}"),
        delta=max(delta for *_, delta in results),
    )
    alt += " " + subject.say(f"attributions.scale.{'one' if samples[0].raw.ndim < 3 else 'own'}")
    arrays: dict[str, np.ndarray] = {}
    for index, (gradients, occluded, _) in enumerate(results):
        end = f"_{index}" if index else ""
        arrays |= {f"integrated_gradients{end}": gradients, f"occlusion{end}": occluded}
    note = _strongest(subject, samples[-1], results[-1][0])
    return [view_picture(subject, "attributions", alt, paint, size, note, **arrays)]


def _strongest(subject: Subject, sample: Sample, gradients: np.ndarray) -> Notice:
    """The part of the input with the largest integrated gradient, and its fraction of the total."""
    if gradients.ndim == 3:
        flat = gradients.sum(0)
    else:
        flat = gradients[: steps_of(sample, len(gradients))].reshape(-1, *gradients.shape[1:])
    at = np.unravel_index(np.abs(flat).argmax(), flat.shape)
    # The maximum guards a network whose output is constant: all its attributions are 0.
    share = float(np.abs(flat[at]) / max(float(np.abs(flat).sum()), 1e-12))
    place = dict(zip(("first", "second"), (int(i) for i in at)))
    key = f"attributions.notice.{gradients.ndim}"
    return notice(subject, key, value=float(flat[at]), share=share, **place)


def _layout(
    subject: Subject, samples: list[Sample], results: list[Attribution], unit: str
) -> tuple[Callable[[Figure, Ink], None], tuple[float, float]]:
    """The paint function and the size of the figure, by kind of sample: maps next to an image, bars
    for the features of a vector, bars below a sequence. unit: the key of the label of a scale."""
    ndim, count = samples[0].raw.ndim, len(samples)
    if ndim == 3:
        rows = 0.3 + 2.3 * count
        return lambda figure, ink: _images(figure, ink, subject, samples, results, unit), (
            7.6,
            rows,
        )
    if ndim == 2:
        return lambda figure, ink: _sequences(figure, ink, samples, results, unit), (7.6, 5.0)
    bars = min(len(samples[0].raw), BARS)
    size = (7.6, 1.4 + 0.3 * max(bars, 2))
    columns = used(subject.card.columns)
    return lambda figure, ink: _vectors(figure, ink, columns, samples, results, unit), size


def _images(
    figure: Figure,
    ink: Ink,
    subject: Subject,
    samples: list[Sample],
    results: list[Attribution],
    unit: str,
) -> None:
    """Draw one row per sample: the image, then the map of each method on its own scale."""
    rows = figure.subplots(len(samples), 3, squeeze=False)
    for (first, *others), sample, (*maps, _) in zip(rows, samples, results):
        paint_sample(first, ink, sample.raw, subject.card.top)
        first.set_title(wrapped(sample.name, 1.65), fontsize=8)
        for axes, each, name in zip(others, maps, METHODS):
            flat = each.sum(0)  # over channels: integrated gradients add up
            # Equal limits on both sides give 0 the neutral colour. Each method has its own scale,
            # because occlusion hides a square and integrated gradients count single pixels.
            top = float(np.abs(flat).max()) or 1.0
            options = {"vmin": -top, "vmax": top, "interpolation": "nearest"}
            image = axes.imshow(flat, cmap=ink.signed, **options)
            framed(axes, ink)
            axes.set_title(ink.say(name), fontsize=8)
            figure.colorbar(image, ax=axes, shrink=0.85, label=ink.say(unit))


def _sequences(
    figure: Figure, ink: Ink, samples: list[Sample], results: list[Attribution], unit: str
) -> None:
    """Draw one column per sample, steps to the right: the input, then both methods on one scale."""
    grid = figure.subplots(3, len(samples), squeeze=False, sharex="col")
    every = np.concatenate([_by_step(each) for *both, _ in results for each in both])
    # The limits include 0, where the bars begin.
    low, high = min(0.0, float(every.min())), max(0.0, float(every.max()))
    room = 0.06 * ((high - low) or 1.0)
    for column, sample, (*maps, _) in zip(grid.T, samples, results):
        length = steps_of(sample, len(sample.raw))
        paint_steps(column[0], ink, sample.raw[:length])
        column[0].set_title(wrapped(sample.name, 6.4 / len(samples), rows=2), fontsize=8)
        for axes, each, name in zip(column[1:], maps, METHODS):
            values = _by_step(each)[:length]
            axes.bar(np.arange(length), values, 0.9, color=signs(ink, values))
            axes.axhline(0, color=ink.edge, linewidth=0.8)
            axes.set_ylim(low - room, high + room)
            axes.set_title(ink.say(name), fontsize=8)
        column[-1].set_xlabel(ink.say("axis.step"))
    for axes in grid[1:, 0]:
        axes.set_ylabel(wrapped(ink.say(unit), 1.1, 9))


def _by_step(each: np.ndarray) -> np.ndarray:
    """Attributions [L Q] of a sequence by step [L].

    Integrated gradients are summed over features. Occlusion hides a whole step and gives the same
    value to all its features, so it is taken once.
    """
    same = each.shape[1] > 1 and np.array_equal(each, np.repeat(each[:, :1], each.shape[1], 1))
    return np.asarray(each[:, 0] if same else each.sum(1))


def _feature(ink: Ink, columns: Sequence[Column], sample: Sample, index: int) -> str:
    """The name of a bar: a column of a table and its cell, or the number of a feature."""
    if columns:
        column = columns[index]
        return f"{column.name} = {cell_text(column, sample.raw[index])}"
    return ink.say("attributions.feature", index=index, value=sample.raw[index])


def _vectors(
    figure: Figure,
    ink: Ink,
    columns: Sequence[Column],
    samples: list[Sample],
    results: list[Attribution],
    unit: str,
) -> None:
    """Draw one panel per sample: two bars per feature, one per method, the largest at the top."""
    panels = figure.subplots(1, len(samples), squeeze=False, sharex=True)[0]
    for axes, sample, (gradients, occluded, _) in zip(panels, samples, results):
        # One order for both methods, so that the two bars of a row are of one feature. Stable,
        # because features that are constant in the data tie at 0.
        order = np.argsort(-np.abs(gradients), kind="stable")[:BARS]
        rows = np.arange(len(order))
        for shift, values, i, name in (
            (-0.2, gradients, 0, METHODS[0]), (0.2, occluded, 1, METHODS[1]),
        ):  # fmt: skip
            axes.barh(rows + shift, values[order], 0.38, color=ink.lines[i], label=ink.say(name))
        axes.axvline(0, color=ink.edge, linewidth=0.8)
        names = [_feature(ink, columns, sample, int(d)) for d in order]
        axes.set_yticks(rows, names, fontsize=8)
        # Limits in reverse order put the first feature at the top.
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xlabel(ink.say(unit))
        # The names of columns take half of the width.
        width, lines = (3.3, 3) if columns else (5.6, 2)
        axes.set_title(wrapped(sample.name, width / len(samples), rows=lines), fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=8)


VIEW = View(text("attributions.summary"), fits, draw, 32)
