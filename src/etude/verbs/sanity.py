"""Sanity checks before training (verb: train --first-aid)."""

from pathlib import Path

from etude.config import nearest
from etude.errors import UsageError
from etude.locale.texts import Lang, text
from etude.runs.files import replace, storage
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.verbs.drafts import draft_recipe, folder_name, model_and_data

KINDS = ("dry-run", "overfit", "lr")


@preserve_caller_state()
def sanity_check(
    kind: str,
    model: str | None = None,
    data: str | None = None,
    *,
    out: Path | None = None,
    lang: Lang = "en",
    **fields: object,
) -> Plain:
    """Check a recipe in seconds, before a long training. No run is saved.

    kind: "dry-run" (one step), "overfit" (can the model memorise one batch?) or "lr" (which
    learning rate?). out: a folder for the picture, light and dark; a dry run has none.

    Returns the numbers, `said` (their meaning and what to do next, in sentences) and, with `out`,
    `pictures` (paths). Raises UsageError for an unknown kind.
    """
    if kind not in KINDS:
        raise UsageError(text("verbs.sanity.unknown", kind=kind, near=nearest(kind, KINDS)))
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude import assembly, pipeline
    from etude.inspection import sanity

    mapping = draft_recipe(model, data, None, fields)
    result = pipeline.check_before(kind, assembly.read_draft(mapping))
    result["said"] = sanity.sentences(kind, result, lang)
    picture = sanity.picture_of(kind, result, lang) if out else None
    if out and picture:
        name = folder_name(kind, *model_and_data(mapping))
        files = {out / f"{name}.png": picture.light, out / f"{name}-dark.png": picture.dark}
        with storage(out):
            out.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            replace(path, content)
        result["pictures"] = [str(path) for path in files]
    return result
