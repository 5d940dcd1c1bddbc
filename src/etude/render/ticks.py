"""Ticks of an axis: powers of ten of a logarithmic one, or whole numbers."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator


class _FewTicks(LogLocator):
    """Powers of ten; below two decades also 2 and 5 times those."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        self.set_params(subs=(1.0,) if vmax >= 100 * vmin else (1.0, 2.0, 5.0))
        return super().tick_values(vmin, vmax)


def log_scale(axis: XAxis | YAxis) -> None:
    """Give an axis (axes.xaxis or axes.yaxis) a logarithmic scale with few ticks, as plain numbers.

    Ticks are at powers of ten, and also at 2 and 5 times those if the axis spans less than two
    decades. matplotlib's own minor ticks and formula labels take longer to draw than all the rest.
    """
    # On the axes, because an axis has no public method for its scale.
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(_FewTicks())
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))


def whole(axis: XAxis | YAxis) -> None:
    """Put ticks at whole numbers only: there is no epoch 1.5."""
    axis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def integer_ticks(*panels: Axes) -> None:
    """Put ticks only at whole numbers of the x axis."""
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
