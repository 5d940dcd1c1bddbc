"""Draw a figure with matplotlib, once per background."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence

from matplotlib import RcParams, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image


def images(
    painters: Sequence[Callable[[Figure], None]],
    settings: Sequence[Mapping[str, object]],
    size: tuple[float, float],
    dpi: float,
) -> Iterator[Image.Image]:
    """The image of each painter, drawn with its settings of matplotlib; size in inches.

    Computing the layout takes half of the time, so all figures use the axes positions of the first.
    """
    places = None
    for paint, own in zip(painters, settings, strict=True):
        with rc_context(RcParams(own)), warnings.catch_warnings():
            # A name in a script that no installed font has is drawn as boxes; that is no error.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure = Figure(figsize=size, dpi=dpi, layout=None if places else "constrained")
            # Not pyplot: it keeps every figure in global state and is not thread-safe.
            canvas = FigureCanvasAgg(figure)
            paint(figure)
            if places is None:
                # matplotlib computes the layout when it draws. Without an engine, canvas.draw does
                # not compute it a second time.
                figure.draw_without_rendering()
                figure.set_layout_engine("none")
                places = [axes.get_position(original=True) for axes in figure.axes]
            else:
                for axes, place in zip(figure.axes, places, strict=True):
                    axes.set_position(place)
            canvas.draw()  # type: ignore[no-untyped-call]
            pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
            image = Image.frombuffer("RGBA", canvas.get_width_height(), pixels)
        # Outside the settings: a generator is suspended here, while its caller works.
        yield image
