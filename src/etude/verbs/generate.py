"""Generate images with a trained autoencoder."""

import io
from pathlib import Path

import numpy as np

from etude.errors import UsageError
from etude.inspection import filmstrip
from etude.locale.texts import text
from etude.runs.files import ensure_folder, replace
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import require_writable
from etude.verbs.load import load

COLUMNS = 8
"""Largest number of images in a row of the sheet."""
SIDE = 64
"""Pixels to which smaller images are enlarged on the sheet, by a whole factor."""


@preserve_caller_state()
def generate(path: Path | str, count: int, seed: int, out: Path | None = None) -> list[Path]:
    """Save new images of a trained autoencoder: one sheet (.png), and the arrays (.npy) next to it.

    out: the path of the sheet or of the arrays; default: a name in the run's `pictures`. An array
    file without a sheet next to it is the user's own and is not replaced: UsageError. Returns the
    two paths.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.inference.run import as_png

    run = load(path)
    if out is not None:
        _require_free(Path(out))
    target = out or ensure_folder(run.path / "pictures") / f"generated-seed{seed}.png"
    sheet, arrays = target.with_suffix(".png"), target.with_suffix(".npy")
    images = run.generate(count, seed)
    zoom = max(1, SIDE // images.shape[-1])
    replace(sheet, as_png(filmstrip.tiled(images, min(COLUMNS, count), zoom)))
    # In memory first, so that `replace` can swap the whole file in one step.
    buffer = io.BytesIO()
    np.save(buffer, images)
    replace(arrays, buffer.getvalue())
    return [sheet, arrays]


def _require_free(out: Path) -> None:
    """Raise UsageError unless both files can be written and replace nothing of the user's."""
    endings = (".png", ".npy")
    # Without an ending the name gets one, but a folder of that name is a mistake.
    named = out if out.suffix or out.is_dir() else out.with_name(f"{out.name}.png")
    require_writable(named, "--out", endings)
    arrays = out.with_suffix(".npy")
    if arrays.exists() and not out.with_suffix(".png").exists():
        raise UsageError(
            text("verbs.generate.exists", path=out, arrays=arrays), do=text("verbs.out.name.do")
        )
