"""The command line as a person meets it: help, JSON, one clear message for each mistake."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from etude import pipeline, registry
from etude.cli import main
from etude.flags import as_flags, value
from etude.inspection import gallery
from etude.locale.texts import say
from tests.data.notes import english, stored

SMALL = ["--epochs", "2", "model.hidden=16"]


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr of a command, as if typed."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def pictures(folder, count=6, size=12):
    """A folder of two classes of pictures: dark and light."""
    random = np.random.default_rng(0)
    for label, level in (("dark", 60), ("light", 190)):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            noise = random.integers(-50, 50, (size, size))
            Image.fromarray((level + noise).astype(np.uint8)).save(folder / label / f"{i}.png")
    return folder


def test_key_value_and_flags_are_the_same():
    assert as_flags(["train", "mlp", "data=digits", "epochs=3"]) == [
        "train", "mlp", "--data=digits", "--epochs=3",
    ]  # fmt: skip
    wanted = ["--set", "model.patch=4"]
    assert as_flags(["model.patch=4"]) == as_flags(["--model.patch=4"]) == wanted
    assert as_flags(["--model.patch", "4"]) == wanted
    assert as_flags(["batch_size=8"]) == ["--batch-size=8"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("4", 4), ("0.5", 0.5), ("true", True), ("[1,2]", [1, 2]), ("256,128", [256, 128]),
     ("flip,translate", ["flip", "translate"]), ("cosine", "cosine"), ("null", None)],
)  # fmt: skip
def test_values_are_read_as_json_or_words(text, found):
    assert value(text) == found


@pytest.mark.parametrize(
    "verb", ["train", "compare", "resume", "evaluate", "predict", "generate", "list", "tour", "env"]
)
def test_every_verb_has_help_with_an_example(verb, capsys):
    code, out, _ = call(capsys, verb, "--help")
    assert code == 0
    usage, _, examples = out.partition("Examples:")
    assert f"etude {verb}" in usage
    assert f"etude {verb}" in examples
    assert "etude train" not in examples or verb == "train"


def test_bad_samples_are_left_out_and_told(workdir, capsys):
    """In the note while training, in --json, in the report; all of them in provenance.json."""
    folder = pictures(workdir / "photos", count=16)
    for i in range(7):
        (folder / "dark" / f"bad{i}.png").write_text("bad")
    arguments = ["mlp", "--data", "photos", *SMALL]
    code, _, err = call(capsys, "train", *arguments)
    assert code == 3 and "bad6.png" in err and "--skip-bad" in err and not os.path.exists("runs/x")
    code, out, err = call(capsys, "train", *arguments, "--skip-bad", "--name", "x")
    told = "left out 7 of 39: dark/bad0.png (is not a picture"
    assert code == 0 and told in err and f"Note: {told}" in out
    run = workdir / "runs" / "x"
    assert told in (run / "report.html").read_text()
    assert json.loads((run / "recipe.json").read_text())["data"]["skip_bad"] is True
    all_of_them = json.loads((run / "provenance.json").read_text())["left_out"]
    assert [text.split(":")[0] for text in all_of_them] == [f"dark/bad{i}.png" for i in range(7)]
    code, out, _ = call(capsys, "train", *arguments, "data.skip_bad=true", "--json", "--name", "y")
    notes = english(stored(json.loads(out)["notes"]))
    assert code == 0 and any(note.startswith(told) for note in notes)
    code, out, _ = call(
        capsys, "compare", "--model", "mlp", "--data", "photos", "--seed", "0,1", *SMALL,
        "--skip-bad", "--json", "--workers", "1",
    )  # fmt: skip
    assert code == 0 and len(json.loads(out)["members"]) == 2
    code, _, err = call(capsys, "predict", "runs/x", "photos/dark")
    assert code == 3 and "bad6.png" in err


def test_train_json_is_one_object_and_nothing_else(workdir, capsys):
    code, out, err = call(capsys, "train", "mlp", "data=digits", *SMALL, "--json", "--name", "x")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["run"] == "runs/x"
    wanted = {"run", "model", "data", "seed", "test", "baseline", "parameters", "seconds"}
    assert wanted | {"samples_per_second", "epochs"} <= set(found)
    assert {"accuracy", "accuracy_95", "per_class"} <= set(found["test"])
    assert (workdir / "runs" / "x" / "report.html").exists()


def test_a_second_run_gets_a_name_of_its_own(workdir, capsys):
    for wanted in ("runs/mlp-digits", "runs/mlp-digits-2"):
        _, out, _ = call(capsys, "train", "mlp", "--data", "digits", *SMALL, "--json")
        assert json.loads(out)["run"] == wanted


def test_own_pictures_are_trained_on_and_predicted(workdir, capsys):
    folder = pictures(workdir / "photos", 12)
    code, out, err = call(
        capsys, "train", "cnn", "--data", str(folder), "--epochs", "8", "--batch-size", "8",
        "model.channels=4,8", "model.hidden=8", "--name", "own",
    )  # fmt: skip
    assert code == 0, err
    assert "accuracy" in out
    code, out, _ = call(capsys, "predict", "runs/own", str(folder / "dark" / "0.png"), "--json")
    [answer] = json.loads(out)
    assert set(answer) == {"input", "label", "probability", "probabilities"}
    assert set(answer["probabilities"]) == {"dark", "light"}


def test_predict_on_a_function_takes_numbers(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "curve", "--epochs", "2", "--name", "f", "--json")
    _, out, _ = call(capsys, "predict", "runs/f", "0.5", "2", "--json")
    found = json.loads(out)
    assert [answer["input"] for answer in found] == ["0.5", "2"]
    assert all(isinstance(a["value"], float) and a["unit"] == "y" for a in found)
    _, plain, _ = call(capsys, "predict", "runs/f", "0.5")
    assert plain.startswith("0.5: ")


def test_forecasts_have_steps_and_a_unit(workdir, capsys):
    call(capsys, "train", "lstm", "--data", "series", "--epochs", "2", "--name", "s", "--json")
    values = np.exp(np.linspace(5, 6, 24)).reshape(24, 1)
    np.save("past.npy", values)
    _, out, _ = call(capsys, "predict", "runs/s", "past.npy", "--json")
    [answer] = json.loads(out)
    assert len(answer["value"]) == 12
    assert answer["unit"] == "thousand passengers"
    assert min(answer["value"]) > 100 and max(answer["value"]) < 600


def test_generate_saves_a_sheet_and_arrays_also_of_one(workdir, capsys):
    small = ["model.hidden=16,16", "model.critic=8,8", "--epochs", "1"]
    call(capsys, "train", "aae", "--data", "digits", *small, "--name", "a", "--json")
    for count in ("16", "1"):
        code, out, _ = call(capsys, "generate", "runs/a", "-n", count, "--json")
        assert code == 0
        sheet, arrays = json.loads(out)["files"]
        assert np.load(arrays).shape == (int(count), 1, 8, 8)
        Image.open(sheet).verify()
    _, one, _ = call(capsys, "generate", "runs/a", "--seed", "3", "--json")
    _, two, _ = call(capsys, "generate", "runs/a", "--seed", "3", "--json", "--out", "b.png")
    first, second = (np.load(json.loads(text)["files"][1]) for text in (one, two))
    assert (first == second).all()


def test_list_and_env_and_evaluate(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "digits", *SMALL, "--name", "x", "--json")
    _, out, _ = call(capsys, "list", "--json")
    found = json.loads(out)
    assert "vit" in found["models"]
    assert "digits" in found["data"]
    assert found["runs"].keys() == {"runs/x"}
    _, out, _ = call(capsys, "env", "--json")
    assert json.loads(out)["packages"]["torch"]
    _, out, _ = call(capsys, "evaluate", "runs/x", "--json")
    assert 0 < json.loads(out)["accuracy"] < 1


def test_compare_trains_from_the_same_start_and_warns(workdir, capsys):
    code, out, _ = call(
        capsys, "compare", "--model", "mlp", "--data", "curve", "--optimizer", "sgd,adam",
        "--lr", "0.01", "--epochs", "2", "--name", "c", "--json", "--workers", "1",
    )  # fmt: skip
    assert code == 0
    members = json.loads(out)["members"]
    assert [m["run"] for m in members] == ["runs/c/sgd", "runs/c/adam"]
    page = (workdir / "runs" / "c" / "report.html").read_text()
    assert "One learning rate (0.01) for all is not a fair comparison" in page
    assert (workdir / "runs" / "c" / "pictures" / "fitted.png").exists()


# Mistakes: one message, the right code, no traceback, nothing half-made ---------------------------


def arrays(path, **content):
    np.savez(path, **content)
    return str(path)


X, Y = np.random.default_rng(0).normal(size=(40, 5)), np.arange(40) % 2


MISTAKES = {
    "unknown model": (["train", "vti", "--data", "digits"], 2, "'vit'"),
    "unknown data": (["train", "mlp", "--data", "digts"], 2, "'digits'"),
    "unknown verb": (["trian"], 2, "'train'"),
    "unknown key": (["train", "mlp", "data=digits", "model.hiden=3"], 2, "'model.hidden'"),
    "unknown flag": (["train", "mlp", "data=digits", "--epoch", "3"], 2, "--epochs"),
    "bad number": (["train", "mlp", "data=digits", "--epochs", "x"], 2, "--epochs"),
    "bad choice": (["train", "mlp", "data=digits", "--optimizer", "adm"], 2, "'adam'"),
    "negative rate": (["train", "mlp", "data=digits", "lr=-1"], 2, "greater than 0"),
    "no data": (["train", "mlp"], 2, "data=NAME"),
    "no model": (["train"], 2, "model=NAME"),
    "patch": (["train", "vit", "data=digits", "model.patch=3"], 2, "1, 2, 4, 8"),
    "heads": (["train", "vit", "data=digits", "model.heads=5"], 2, "do not divide the width 64"),
    "pooling": (["train", "cnn", "data=digits", "model.channels=4,4,4,4"], 2, "at most 3"),
    "large batch": (["train", "mlp", "data=digits", "batch_size=5000"], 2, "1295"),
    "batch of one": (["train", "cnn", "data=digits", "batch_size=1"], 2, "batch norm"),
    "wrong kind": (["train", "cnn", "data=curve"], 3, "kind vector"),
    "no run": (["predict", "runs/none", "x.png"], 2, "no run"),
    "nothing to predict": (["predict", "runs/none"], 2, "Nothing to predict"),
    "bad name": (["train", "mlp", "data=digits", "--name", "../x"], 2, "letters, digits"),
    "no device": (["train", "mlp", "data=digits", "--device", "cuda:77"], 2, "cannot be used"),
    "nothing to compare": (["compare", "--model", "mlp", "data=curve"], 2, "several values"),
    "no recipe": (["train", "none.json"], 2, "none.json"),
    "preset of a wrong type": (["train", "mlp", "data=digits", "model.preset=2"], 2, "notes"),
    "odd device": (["train", "mlp", "data=digits", "--device", "meta"], 2, "choose cpu"),
    "long name": (["resume", "x" * 5000], 2, "so long a name"),
    "odd seed": (["compare", "--model", "mlp", "data=curve", "--seed", "²,1"], 2, "whole number"),
    "member that cannot": (["compare", "--model", "mlp,cnn", "data=curve"], 3, "kind vector"),
    "rates": (["compare", "--model", "mlp", "data=curve", "--lr", "1..0.1"], 2, "above the first"),
    "no rate": (["compare", "--model", "mlp", "data=curve", "lr=0..1"], 2, "a number above 0"),
    "odd search": (["compare", "--model", "mlp,cnn", "data=curve", "lr=0.1..1"], 3, "kind vector"),
    "odd schedule": (
        ["compare", "--model", "mlp", "data=curve", "--schedule", "cosine,linear"], 2, "'cosine'",
    ),
    "no workers": (["compare", "--model", "mlp,cnn", "data=digits", "workers=0"], 2, "at least 1"),
    "target alone": (["compare", "--model", "mlp,cnn", "data=digits", "--target", "1"], 2, "rates"),
    "augmentation": (["train", "lstm", "data=series", "data.augment=flip"], 2, "flip"),
    "series": (["train", "lstm", "data=series", "data.length=96"], 2, "data.length"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_clear_message(name, workdir, capsys):
    arguments, code, words_said = MISTAKES[name]
    found, out, err = call(capsys, *arguments)
    assert found == code, err
    assert words_said in err
    assert "Traceback" not in err
    assert out == ""
    assert not list((workdir / "runs").glob("*")) if (workdir / "runs").exists() else True


BAD_DATA = {
    "unequal": (lambda p: arrays(p, x=X, y=Y[:-1]), "39"),
    "nan": (
        lambda p: arrays(p, x=np.where(np.arange(40)[:, None] == 7, np.nan, X), y=Y),
        "row 7: x has 5 values",
    ),
    "object": (lambda p: arrays(p, x=X.astype(object), y=Y), "object"),
    "one class": (lambda p: arrays(p, x=X, y=Y * 0), "one class"),
    "empty": (lambda p: arrays(p, x=X[:0], y=Y[:0]), "is empty"),
    "no npz": (lambda p: p.write_bytes(b"PK nothing") and str(p), "x.npz"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_arrays_get_one_clear_message(name, workdir, capsys):
    make, words_said = BAD_DATA[name]
    code, _, err = call(capsys, "train", "mlp", "--data", make(workdir / "x.npz"))
    assert code == 3, err
    assert words_said in err
    assert "Traceback" not in err
    assert not (workdir / "runs").exists() or not list((workdir / "runs").glob("*"))


def test_bad_pictures_are_named_all_at_once(workdir, capsys):
    folder = pictures(workdir / "photos")
    (folder / "dark" / "text.png").write_text("no picture")
    (folder / "light" / "empty.jpg").write_bytes(b"")
    code, _, err = call(capsys, "train", "cnn", "--data", str(folder))
    assert code == 3
    assert "text.png" in err
    assert "empty.jpg" in err


def test_an_unfinished_and_a_damaged_run_are_told_apart(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "digits", *SMALL, "--name", "x", "--json")
    metrics = workdir / "runs" / "x" / "metrics.jsonl"
    whole = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(whole[:-1]))
    code, _, err = call(capsys, "predict", "runs/x", "a.png")
    assert (code, "unfinished" in err, "etude resume" in err) == (2, True, True)
    metrics.write_text("".join(whole))
    for weights in (workdir / "runs" / "x").glob("checkpoints/*/model.safetensors"):
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    np.save("a.npy", np.zeros((1, 8, 8), np.uint8))
    code, _, err = call(capsys, "predict", "runs/x", "a.npy")
    assert code == 2
    assert "SHA-256" in err


def test_a_full_disk_is_said_and_leaves_with_4(workdir, capsys, monkeypatch):
    real = os.write

    def write(handle, data):
        if len(data) > 10_000:
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", write)
    code, _, err = call(capsys, "train", "mlp", "--data", "digits", *SMALL, "--name", "x")
    assert code == 4
    assert "the disk is full" in err
    assert "bytes" in err


def test_help_is_quick_to_import_no_torch():
    code = (
        "import sys; from etude.cli import application; application()(['--help']); "
        "sys.exit(not {'torch', 'etude.verbs'}.isdisjoint(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"train" in done.stdout


def test_every_model_that_says_so_takes_what_it_says(workdir, capsys):
    """An MLP forecasts, and reads padded sequences as vectors."""
    code, out, err = call(
        capsys, "train", "mlp", "--data", "series", "--epochs", "2", "--json", "--name", "f"
    )
    assert code == 0, err
    assert json.loads(out)["task"] == "forecast"
    x = np.random.default_rng(0).normal(size=(60, 7, 2)).astype(np.float32)
    place = arrays(workdir / "s.npz", x=x, y=np.arange(60) % 3, lengths=np.arange(60) % 7 + 1)
    for model in ("mlp", "lstm", "transformer"):
        small = ["--epochs", "1", "--name", model, "--json"]
        code, _, err = call(capsys, "train", model, "--data", place, *small)
        assert code == 0, err


@pytest.mark.parametrize("kind", ["dry-run", "overfit", "lr"])
def test_first_aid_prints_short_lines_also_for_a_recipe(kind, workdir, capsys):
    vit = {"name": "vit", "width": 8, "depth": 1}  # whose zero head lets no gradient through yet
    model = {"name": "mlp"} if kind == "lr" else vit
    recipe = {"model": model, "data": {"name": "digits"}}
    (workdir / "r.json").write_text(json.dumps(recipe))
    code, out, err = call(capsys, "train", "r.json", "--first-aid", kind)
    assert code == 0, err
    assert max(map(len, out.splitlines())) < 1000
    assert not (workdir / "runs").exists()


def test_a_recipe_can_be_played_on_other_data(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "curve", "--epochs", "1", "--name", "f", "--json")
    code, out, err = call(
        capsys, "train", "runs/f/recipe.json", "--data", "digits", "--name", "g", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["task"] == "classify"


def test_generate_says_when_there_is_no_such_folder(workdir, capsys):
    small = ["model.hidden=16,16", "model.critic=8,8", "--epochs", "1"]
    call(capsys, "train", "aae", "--data", "digits", *small, "--name", "a", "--json")
    code, _, err = call(capsys, "generate", "runs/a", "--out", "nowhere/x.png")
    assert code == 2
    assert "no folder nowhere" in err
    code, out, _ = call(capsys, "generate", "runs/a", "--out", "x.npy", "--json")
    assert json.loads(out)["files"] == ["x.png", "x.npy"]


def test_evaluate_refuses_other_data(workdir, capsys):
    folder = pictures(workdir / "photos", 12)
    small = ["--epochs", "1", "--batch-size", "8", "model.channels=4", "model.hidden=8"]
    call(capsys, "train", "cnn", "--data", str(folder), *small, "--name", "own", "--json")
    Image.new("L", (12, 12), 255).save(folder / "dark" / "new.png")
    code, _, err = call(capsys, "evaluate", "runs/own")
    assert code == 2
    assert "not those it began with" in err


def telling_pictures(subject):
    """What `gallery.draw` returns, of the views that a tour shows of such a run."""
    fit = gallery.chosen(subject)
    names = registry.load("model", subject.result.model).highlights
    return gallery.draw(subject, [name for name in names if name in fit])


def test_the_tour_plays_every_network_and_keeps_a_report(workdir, capsys, monkeypatch):
    from etude import registry
    from etude.verbs.tour import TOUR

    short = {label: {**chosen, "epochs": 1} for label, chosen in TOUR.items()}
    for label, chosen in short.items():
        monkeypatch.setitem(TOUR, label, chosen)
    monkeypatch.setattr(pipeline, "gallery", SimpleNamespace(draw=telling_pictures))
    labels = {label: say("en", f"tour.{label}") for label in short}
    of_the_notes = {
        n for n in registry.names("model") if "notes" in registry.load("model", n).presets
    }
    assert {chosen["model"] for chosen in short.values()} == of_the_notes
    code, out, err = call(capsys, "tour")
    assert code == 0, err
    assert "runs/tour/report.html" in out
    for words_said in ("network", "best baseline", "parameters", "samples/s", *labels.values()):
        assert words_said in out
    page = (workdir / "runs" / "tour" / "report.html").read_text()
    assert len(short) <= page.count("<figure>") <= 2 * len(short)
    assert "Learning from noise" in page
    assert page.index("<table>") < page.index("<nav>"), "the table of all comes first"
    for label, chosen in short.items():
        place = f"{chosen['model']}-{chosen['data']}/report.html"
        assert f'href="{place}"' in page
        assert (workdir / "runs" / "tour" / place).is_file()
        assert f">{labels[label]}</a></th><td>" in page, "a row leads to its section"
    links = re.findall(r'href="#([^"]*)"', page)
    assert set(links) <= set(re.findall(r'id="([^"]*)"', page))


@pytest.mark.parametrize(
    "recipe",
    [
        {"model": None, "data": "digits"},
        {"model": {"name": 5}, "data": {"name": "digits"}},
        {"model": {"name": "mlp"}, "data": {"name": ["a"]}},
        {"model": {"name": "mlp"}, "data": {"name": "digits"}, "train": 5},
        {"model": {"name": "mlp"}, "data": {"name": "digits"}, "seed": -1},
        {"model": {"name": "mlp"}, "data": {"name": "digits"}, "other": 1},
    ],
)
def test_a_recipe_of_wrong_types_is_a_mistake(recipe, workdir, capsys):
    (workdir / "r.json").write_text(json.dumps(recipe))
    code, _, err = call(capsys, "train", "r.json", "--epochs", "1")
    assert code == 2, err
    assert not (workdir / "runs").exists()


@pytest.mark.parametrize("content", ["[1]\n", '{"event": "end"}\n', "[" * 99_999 + "\n", "x\n"])
def test_a_damaged_run_is_told_and_does_not_hide_the_others(content, workdir, capsys):
    for name in ("good", "bad"):
        call(capsys, "train", "mlp", "--data", "digits", *SMALL, "--name", name, "--json")
    (workdir / "runs" / "bad" / "metrics.jsonl").write_text(content)
    code, _, err = call(capsys, "evaluate", "runs/bad")
    assert (code, "damaged" in err) == (2, True)
    _, out, _ = call(capsys, "list", "--json")
    runs = json.loads(out)["runs"]
    assert runs["runs/bad"] == "damaged"
    assert runs["runs/good"].startswith("accuracy")


def test_forecasts_of_shorter_and_longer_pasts_agree_with_each_alone(workdir, capsys):
    call(capsys, "train", "lstm", "--data", "series", "--epochs", "2", "--name", "s", "--json")
    for steps in (24, 36):
        np.save(f"past{steps}.npy", np.exp(np.linspace(5, 6, steps)).reshape(steps, 1))

    def forecast(*files):
        code, out, err = call(capsys, "predict", "runs/s", *files, "--json")
        assert code == 0, err
        return [answer["value"] for answer in json.loads(out)]

    together = forecast("past24.npy", "past36.npy")
    alone = forecast("past24.npy") + forecast("past36.npy")
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    np.save("short.npy", np.ones((5, 1)))
    code, _, err = call(capsys, "predict", "runs/s", "short.npy")
    assert (code, "season" in err) == (3, True)


def test_out_of_memory_is_said(workdir, capsys):
    code, _, err = call(capsys, "train", "mlp", "--data", "digits", "model.hidden=1000000,1000000")
    assert (code, "Out of memory" in err) == (4, True)
    assert not (workdir / "runs").exists()


@pytest.mark.parametrize("words", [["--seed", "1.5"], ["--epochs", "2.5"], ["epochs=2.5"]])
def test_a_fraction_is_no_whole_number(words, workdir, capsys):
    code, _, said = call(capsys, "train", "mlp", "--data", "digits", *words)
    assert (code, "whole number" in said, list(workdir.iterdir())) == (2, True, [])


@pytest.mark.parametrize("ending", ["", ".png", ".npy", ".npz", ".ts"])
def test_a_name_too_long_for_the_disk_is_a_mistake(ending, workdir, capsys):
    call(capsys, "train", "mlp", "--data", "digits", "--name", "r", *SMALL)
    long = "a" * 300 + ending
    for words, wanted in ((["predict", "r", long], 3), (["evaluate", long], 2)):
        code, _, said = call(capsys, *words)
        assert code == wanted
        assert said.count("\n") <= 5


def test_a_run_that_saved_nothing_is_not_kept(workdir, capsys):
    code, _, said = call(
        capsys, "train", "cnn", "--data", "digits", "--lr", "1e9", "--epochs", "2", "--name", "boom"
    )
    assert (code, "runs/boom is not kept" in said) == (5, True)
    assert not (workdir / "runs" / "boom").exists()


def test_a_finished_run_that_is_damaged_is_not_called_sound(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "digits", "--name", "r", *SMALL)
    for weights in workdir.glob("runs/r/checkpoints/*/model.safetensors"):
        weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    code, _, said = call(capsys, "resume", "r")
    assert (code, "SHA-256" in said) == (2, True)


def test_a_look_that_cannot_be_kept_is_told(workdir, capsys):
    call(capsys, "train", "mlp", "--data", "digits", "--name", "r", *SMALL)
    (workdir / "taken").write_text("mine")
    code, _, said = call(capsys, "look", "r", "--view", "curves", "--out", "taken")
    assert (code, "taken" in said, "Traceback" in said) == (2, True, False)
    assert (workdir / "taken").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "onnx", "--opst", "17"], "Unknown option: --opst. Did you mean '--opset'?"),
        (["--to", "onnx", "--opst=17"], "Unknown option: --opst. Did you mean '--opset'?"),
        (["--to", "html", "--opset", "17"], "--opset is an option of onnx, not of html."),
        (["--to", "html", "--opst", "17"], "'--opset'? It is an option of onnx."),
        (["--to", "onnx", "--opset"], "--opset needs a value"),
        (["--to", "onnx", "--zzz"], "Unknown option: --zzz."),
    ],
)
def test_an_option_that_a_form_does_not_have_is_explained(words, said, workdir, capsys):
    code, out, err = call(capsys, "export", "runs/none", *words)
    assert (code, out) == (2, "") and said in err
    assert "etude export --help" in err and "begins with a dash" not in err


def test_all_options_that_a_form_does_not_have_are_in_one_report(workdir, capsys):
    words = ("--to", "html", "--opst", "17", "--int8", "--sampels=3")
    code, _, err = call(capsys, "export", "runs/none", *words)
    assert code == 2 and "3 options not understood" in err
    for each in ("--opst", "--int8 is an option of onnx", "'--samples'"):
        assert each in err


def test_first_aid_refuses_a_log(workdir, capsys):
    words = ("mlp", "--data", "digits", "--first-aid", "dry-run", "--log", "tensorboard")
    code, out, err = call(capsys, "train", *words)
    assert (code, out) == (2, "") and "--log has nothing to show" in err
    assert list(workdir.iterdir()) == []


def test_the_list_shows_the_trackers_and_what_is_missing(workdir, capsys, monkeypatch):
    # The package has a function of the name of the module.
    listing = sys.modules["etude.verbs.listing"]
    monkeypatch.setattr(listing, "is_installed", lambda tracker: tracker.package != "wandb")
    _, out, _ = call(capsys, "list", "--json")
    trackers = json.loads(out)["trackers"]
    assert set(trackers) == set(registry.names("tracker"))
    assert {name for name, line in trackers.items() if "pip install" in line} == {"wandb"}
    _, out, _ = call(capsys, "list")
    assert out.index("forms of export:") < out.index("trackers (--log):") < out.index("runs:")
