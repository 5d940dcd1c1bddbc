"""The pictures of one run, chosen by its task."""

import json
from typing import Any

import numpy as np

from etude.draw.style import Picture
from etude.look import answers, curves, filmstrip
from etude.registry import Assembly
from etude.runs.folder import RunFolder, lines

GRID = 400
INDEX = "pictures.json"


def epochs(run: RunFolder) -> list[dict[str, Any]]:
    """The rows of a run's epochs."""
    return [row for row in lines(run.metrics) if row.get("event") == "epoch"]


def gallery(run: RunFolder, result: dict[str, Any], parts: Assembly, said: Any) -> list[Picture]:
    """All pictures of a finished run. `said`: the task's outputs over the test split [n ...], or a
    function of one variable over `grid(parts)` where the data are such."""
    found: list[Picture | None] = [curves.learning(epochs(run), result["goal"])]
    card, test = parts.dataset.card, parts.dataset.test
    if parts.task.name == "classify":
        found.append(answers.confusion(result["test"]["confusion"], card.classes))
        if card.kind == "image":
            found.append(answers.mistakes(np.asarray(test.x), test.y, said, card.classes))
    elif parts.task.name == "forecast":
        found.append(_last_forecast(parts, said))
    elif parts.task.name == "regress" and card.given.size == 1:
        line = {result["model"]: (grid(parts)[:, 0], said[:, 0])}
        found.append(answers.fitted(test.x[:, 0], test.y[:, 0], line, card.unit))
    else:
        frames = list(run.snapshots_of("samples"))
        if frames:
            found.append(filmstrip.filmstrip([(s, a["samples"]) for s, a in frames]))
            last = frames[-1][1]
            found.append(filmstrip.pairs(last["originals"], last["reconstructions"]))
    return [picture for picture in found if picture]


def grid(parts: Assembly) -> np.ndarray:
    """Evenly spaced inputs [GRID 1] over the range of a function's test data."""
    x = parts.dataset.test.x
    return np.linspace(x.min(), x.max(), GRID, dtype=np.float32)[:, None]


def _last_forecast(parts: Assembly, said: np.ndarray) -> Picture:
    """The last forecast of the test split beside the naive ones."""
    test, card = parts.dataset.test, parts.dataset.card
    horizon = test.y.shape[1]
    before = test.x[-1, :, 0]
    found = {"the network": said[-1]}
    if card.season:
        back = [step % card.season - card.season for step in range(horizon)]
        found["seasonal naive"] = before[back]
    else:
        found["persistence"] = np.full(horizon, before[-1])
    title = test.names[-1] if test.names else "last of the test data"
    return answers.forecast(before, test.y[-1], found, card.unit, title)


def keep(run: RunFolder, pictures: list[Picture]) -> None:
    """Store pictures with their words in the run."""
    for each in pictures:
        run.picture(f"{each.name}.png", each.light)
        run.picture(f"{each.name}-dark.png", each.dark)
    index = [{"name": p.name, "title": p.title, "alt": p.alt} for p in pictures]
    run.picture(INDEX, json.dumps(index, indent=1).encode())


def kept(run: RunFolder) -> list[Picture]:
    """The pictures that `keep` stored."""
    return [Picture(*words, light, dark) for words, light, dark in run.kept(INDEX)]
