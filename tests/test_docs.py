"""The documentation held to the code: links, code blocks, commands, tables and names.

`python -m tests.test_docs` writes the tables of docs/models anew, after a preset has changed.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

from etude import assembly, cli, recipe, registry, verbs
from etude.comparison import request, search_space
from etude.locale.texts import say
from etude.models.architecture import Preset
from etude.shapes import Spec

HOME = Path(__file__).resolve().parent.parent
DOCS = HOME / "docs"
PAGES = [HOME / "README.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
FORBIDDEN = ("/home/", "/root/", "/tmp/", "localhost", "/usr/lib", "://pypi")

IMAGE, SMALL = Spec("image", (1, 28, 28), 10), Spec("image", (1, 8, 8), 10)
ROWS, SERIES = Spec("sequence", (28, 28), 10), Spec("sequence", (24, 1), 12, "forecast")
SEEN = {
    "mlp": {
        "classes": Spec("vector", (784,), 10),
        "values": Spec("vector", (1,), 1, "value"),
        "tables": Spec("vector", (9,), 2, table=True),
    },
    "cnn": {"28x28": IMAGE, "8x8": SMALL, "sequences": ROWS, "forecast": SERIES},
    "resnet": {"28x28": IMAGE, "8x8": SMALL},
    "lstm": {"classes": ROWS, "forecast": SERIES},
    "transformer": {"classes": ROWS, "forecast": SERIES},
    "vit": {"28x28": IMAGE, "8x8": SMALL},
    "aae": {"28x28": IMAGE, "8x8": SMALL},
}
"""What the preset tables are made for: two kinds of data or more for each model."""


def name_of(page: Path) -> str:
    return page.relative_to(HOME).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language in a page."""
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


# Links and names --------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    text = BLOCK.sub("", page.read_text())
    links = [link for link in LINK.findall(text) if not link.startswith(("http", "#", "mailto:"))]
    missing = [link for link in links if not (page.parent / link.split("#")[0]).exists()]
    assert not missing, f"{name_of(page)} links to what is not there"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_what_is_only_here(page):
    assert [word for word in FORBIDDEN if word in page.read_text()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_is_named_is_there(page):
    for file, test in NAMED_TEST.findall(page.read_text()):
        assert (HOME / file).is_file(), file
        assert f"def {test}" in (HOME / file).read_text(), f"{file}::{test}"


def test_the_index_has_every_page():
    text = (DOCS / "README.md").read_text()
    pages = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")} - {"README.md"}
    assert sorted(page for page in pages if f"]({page})" not in text) == []


# Code -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name_of)
def test_every_python_block_runs(page, workdir, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a block of the documentation reached for the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.delenv("ETUDE_DATA", raising=False)
    namespace = {"__name__": "docs"}
    for text in blocks(page, "python"):
        exec(compile(text, name_of(page), "exec"), namespace)


# Commands ---------------------------------------------------------------------------------------


def commands(page: Path) -> list[str]:
    """Lines of ```sh blocks that call etude; a line that ends in a backslash goes on."""
    text = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip().startswith("etude ")]


def arguments_of(line: str) -> list[str]:
    """What follows `etude`, up to a pipe or a redirection."""
    words = shlex.split(line, comments=True)[1:]
    end = next((i for i, word in enumerate(words) if word in ("|", ">", "&&", "2>")), len(words))
    return words[:end]


@pytest.fixture
def parsed_only(workdir, monkeypatch):
    """Every verb that works for long is replaced by one that checks what it was given."""

    def check(model, data, fields):
        """The recipe of a command, every key and value checked."""
        base = None
        if model and model.endswith(".json"):
            base, model = {"model": {"name": "mlp"}, "data": {"name": "digits"}}, None
        if (
            data and ":" not in data and ("/" in data or "." in data)
        ):  # a path: something of its kind must be there
            place = Path(data)
            assert not place.is_absolute(), data
            (place.parent if place.suffix else place).mkdir(parents=True, exist_ok=True)
            if place.suffix:
                place.touch()
        paths = verbs.field_paths(fields)
        paths.pop("model.weights", None)  # such a file is not here
        assembly.read_draft(recipe.draft(model, data, base=base, fields=paths))

    def train(model=None, data=None, *, name=None, quiet=False, log=None, lang="en", **fields):
        assert not log or set(log.split(",")) <= set(registry.names("tracker"))
        check(model, data, fields)
        raise SystemExit(0)

    def sanity_check(kind, model=None, data=None, *, out, lang, **fields):
        check(model, data, fields)
        raise SystemExit(0)

    def tune(model=None, data=None, *, trials, storage, workers, name, quiet, log, lang, **fields):
        given = verbs.field_paths(fields)
        axes = {path: search_space.axis(path, value) for path, value in given.items()}
        check(model, data, {k: axes[k].ends()[0] if axes[k] else v for k, v in given.items()})
        assert any(axes.values())
        raise SystemExit(0)

    def compare(runs, *, model, data, optimizer, seed, lr, schedule, target, workers, storage, name,
                different_data, quiet, log, lang, **fields):  # fmt: skip
        if runs:
            assert {model, data, optimizer, seed, lr, schedule, target, workers, storage} == {None}
            assert not fields
            raise SystemExit(0)
        axes = {"model": model, "data": data, "optimizer": optimizer, "seed": seed}
        count = len((optimizer or "").split(","))
        more = {"optimizers": count, "target": target, "warmup": None}
        rules = request.rules(lr, schedule, seed, **more)
        for chosen in request.combinations(axes, alone=rules is not None).values():
            own = {k: chosen[k] for k in ("optimizer",) if k in chosen}
            own |= {"seed": int(chosen["seed"])} if "seed" in chosen else {}
            for kind in (schedule or "cosine").split(","):
                own["schedule"] = kind
                check(chosen.get("model"), chosen.get("data"), {**fields, **own})
        raise SystemExit(0)

    def done(*arguments, **others):
        raise SystemExit(0)

    def data(path, model=None, **fields):
        check(model or "mlp", path, fields)
        raise SystemExit(0)

    monkeypatch.setattr(verbs, "data", data)
    monkeypatch.setattr(verbs, "train", train)
    monkeypatch.setattr(verbs, "sanity_check", sanity_check)
    monkeypatch.setattr(verbs, "compare", compare)
    monkeypatch.setattr(verbs, "tune", tune)
    for name in (
        "export",
        "resume",
        "predict",
        "generate",
        "evaluate",
        "export",
        "listing",
        "look",
        "report",
        "tour",
        "grade",
        "verify",
        "push",
        "push_dry",
        "pull",
    ):
        monkeypatch.setattr(verbs, name, done)


def exit_code(line: str) -> int:
    try:
        cli.main(arguments_of(line))
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p)], ids=name_of)
def test_every_command_is_one(page, parsed_only, capsys):
    for line in commands(page):
        code = exit_code(line)
        assert code == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize(
    "line",
    [
        "etude train mlp --data digits --epoch 3",
        "etude train mlp --data digits model.depth=3",
        "etude train mlp --data digit",
        "etude train cnn --data digits data.augment=spin",
        "etude train cnn --data photos/ data.sise=32",
        "etude train mlp --data digits model.preset=note",
        "etude train mlp --data digits --optimizer adma",
        "etude train mlp --data digits --first-aid wet-run",
        "etude compare --model mlp --data digits",
        "etude compare --model mlp,cn --data digits",
        "etude compare --model mlp --data digits --lr 1..1e-4",
        "etude compare --model mlp --data digits --schedule cosine,linear",
        "etude predict",
        "etude generate runs/x --number 3",
        "etude trian mlp --data digits",
        "etude check layers.py --role attention",
    ],
)
def test_a_wrong_command_is_found(line, parsed_only):
    """The saboteur: were these let through, the check above would be worth nothing."""
    assert exit_code(line) == 2


# Tables -----------------------------------------------------------------------------------------


def shown(value: object) -> str:
    """A value as a table has it."""
    return f"`{json.dumps(value)}`"


def field_rows(name: str) -> list[str]:
    """A row for each field of a model's Config: name, default, meaning."""
    config = registry.load("model", name).config
    plain = config().model_dump(mode="json")
    return [
        f"| `{key}` | {shown(plain[key])} | {say('en', field.description)} |"
        for key, field in config.model_fields.items()
    ]


def preset_rows(name: str) -> list[str]:
    """A row for each field that a preset sets: default on two kinds of data, the others on one."""
    architecture, (first, *rest) = registry.load("model", name), SEEN[name].values()
    columns = [architecture.presets["default"](spec) for spec in (first, *rest)]
    others = [preset for preset in architecture.presets if preset != "default"]
    columns += [architecture.presets[preset](first) for preset in others]

    def cells(path: str) -> str:
        return " | ".join(cell(name, column, path) for column in columns)

    heads = [f"default, {kind}" for kind in SEEN[name]] + others
    keys = [f"model.{key}" for key in architecture.config.model_fields]
    keys += [f"train.{key}" for key in recipe.TrainDraft.model_fields]
    return [
        f"| field | {' | '.join(heads)} |",
        "|---" * (1 + len(heads)) + "|",
        *(
            f"| `{key}` | {cells(key)} |"
            for key in keys
            if any(sets(column, key) for column in columns)
        ),
        f"| updates | {' | '.join(str(column.updates) for column in columns)} |",
    ]


def sets(preset: Preset, path: str) -> bool:
    part, key = path.split(".")
    return key in getattr(preset, part)


def cell(name: str, preset: Preset, path: str) -> str:
    """The value that a preset leads to."""
    part, key = path.split(".")
    if part == "model":
        config = registry.load("model", name).config
        return shown(config.read(preset.model).model_dump(mode="json")[key])
    return shown(preset.train[key]) if key in preset.train else "auto"


def missing(rows: list[str], text: str) -> list[str]:
    lines = set(text.splitlines())
    return [row for row in rows if row not in lines]


@pytest.mark.parametrize("name", registry.names("model"))
def test_every_field_stands_in_the_models_page(name):
    text = (DOCS / "models" / f"{name}.md").read_text()
    wrong = missing(field_rows(name) + preset_rows(name), text)
    assert not wrong, "write it anew by python -m tests.test_docs; it lacks\n" + "\n".join(wrong)


def test_a_wrong_table_is_found():
    text = (DOCS / "models" / "mlp.md").read_text()
    right = field_rows("mlp")
    assert right and missing(right, text.replace("`0.2`", "`0.3`"))
    assert missing(right, text.replace("units of each hidden layer", "units"))
    assert missing(preset_rows("mlp"), text.replace("`0.0015`", "`0.002`"))


FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def flags(verb: str) -> set[str]:
    """The flags of a verb, as its own command declares them."""
    found = set()
    for argument in cli.application()[verb].assemble_argument_collection():
        if argument.show:
            found |= {name for name in argument.names if name.startswith("--")}
    return found


@pytest.mark.parametrize("view", registry.names("view"))
def test_every_view_is_documented_with_its_picture(view):
    assert f"[`{view}`](../images/views/{view}.png)" in (DOCS / "verbs" / "look.md").read_text()
    assert (DOCS / "images" / "views" / f"{view}.png").is_file(), "python docs/pictures.py"


VERBS = sorted(name for name in cli.application() if not name.startswith("-"))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_with_all_its_flags_and_no_others(verb):
    text = (DOCS / "verbs" / f"{verb}.md").read_text()
    table = {flag for line in text.splitlines() if line[:1] == "|" for flag in FLAG.findall(line)}
    assert table - {"--help"} == flags(verb) - {"--help"}


def test_every_model_and_source_is_documented():
    assert {p.stem for p in (DOCS / "models").glob("*.md")} >= set(registry.names("model"))
    text = (DOCS / "data.md").read_text()
    for name in registry.names("data"):
        assert f"`{name}`" in text
        for key in registry.load("data", name).config.model_fields:
            assert f"`{key}`" in text, f"{name}: {key}"


def test_train_page_has_every_training_field_and_its_default():
    text = (DOCS / "verbs" / "train.md").read_text()
    for key, field in recipe.TrainDraft.model_fields.items():
        default = "auto" if field.default is None else field.default
        assert f"| `--{key.replace('_', '-')}` | {default} |" in text, key


def rewritten(text: str, name: str) -> str:
    """A model's page with both tables as the code has them."""
    heads = ["| field | default | meaning |", "|---|---|---|"]
    for rows in (heads + field_rows(name), preset_rows(name)):
        start = text.index(rows[0])
        end = text.index("\n\n", start)
        text = text[:start] + "\n".join(rows) + text[end:]
    return text


def test_rewriting_a_right_page_changes_nothing():
    for name in registry.names("model"):
        text = (DOCS / "models" / f"{name}.md").read_text()
        assert rewritten(text, name) == text


if __name__ == "__main__":
    for name in registry.names("model"):
        page = DOCS / "models" / f"{name}.md"
        page.write_text(rewritten(page.read_text(), name))
