"""Draw what is inside a trained run."""

from collections.abc import Sequence
from pathlib import Path

from etude.errors import RunError
from etude.locale.texts import Lang, text
from etude.runs.files import storage
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.verbs.arguments import require_writable
from etude.verbs.load import load


@preserve_caller_state()
def look(
    path: Path | str,
    views: Sequence[str] | None = None,
    sample: str | None = None,
    out: Path | None = None,
    lang: Lang = "en",
    data: str | None = None,
) -> Plain:
    """Draw what is inside a trained run, and save each picture with the arrays that it shows.

    views: names of views; default: all that fit the run. sample: an index into the test split, or
    a file. out: the folder of the pictures; default: `look` in the run's folder. data: the new path
    of the run's data, if they were moved.

    Returns `run`, `pictures` (for each: name, title, alternative text, files, shapes of the arrays)
    and `left_out`, the views that do not fit, with the reasons.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.inspection import gallery

    require_writable(out, "--out", folder=True)
    run = load(path, data)
    subject = run.subject(sample, lang)
    if data is not None and subject.data_problem:
        raise RunError(text("verbs.look.data", path=run.path, why=subject.data_problem))
    pictures = gallery.draw(subject, views)
    folder = out or run.path / "look"
    with storage(folder):
        folder.mkdir(exist_ok=True)
    files = gallery.save(pictures, folder)
    rows = [
        {
            "name": picture.name,
            "title": picture.title,
            "alt": picture.alt,
            "files": [str(file) for file in files[picture.name]],
            "arrays": {key: list(array.shape) for key, array in picture.arrays.items()},
        }
        for picture in pictures
    ]
    left_out = {} if views else gallery.left_out(subject)
    return {"run": str(run.path), "pictures": rows, "left_out": left_out}
