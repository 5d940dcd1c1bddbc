"""Look at data before any training (verb: data)."""

from pathlib import Path
from typing import TYPE_CHECKING

from etude.locale.texts import Lang
from etude.runs.files import replace, storage
from etude.system.caller import preserve_caller_state
from etude.verbs.drafts import draft_recipe, folder_name, with_names
from etude.verbs.objects import parted

if TYPE_CHECKING:
    from etude.survey import Survey


@preserve_caller_state()
def data(source: object, model: str | None = None, **fields: object) -> "Survey":
    """What training on these data would be; nothing is trained.

    source: a name, a path, or objects as for `etude.train`. model: the network of the plan; without
    it one that reads such samples. Raises DataError for data that cannot be trained on.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.survey import ANY, survey

    named_model, name, named_fields = with_names(model or ANY, source, fields)
    mapping = draft_recipe(named_model, name, None, named_fields)
    if model is None:
        del mapping["model"]
    return survey(mapping, parted(source, model)[1])


def data_pictures(found: "Survey", out: Path, lang: Lang) -> list[Path]:
    """Write a picture of training samples, light and dark, if they are images or sequences."""
    from etude.inspection import preview

    picture = preview.draw(found.card, found.train, lang)
    if picture is None:
        return []
    name = folder_name("data", found.card.name)
    files = {out / f"{name}.png": picture.light, out / f"{name}-dark.png": picture.dark}
    with storage(out):
        out.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        replace(path, content)
    return list(files)
