"""What verbs say in Korean: their errors, and the lists and results that they put into words."""

import re
from pathlib import Path

import pytest
from torch import nn

from etude import verbs
from etude.errors import UsageError
from etude.verbs import arguments, drafts


def in_folder_of_files():
    Path("a.txt").write_text("")
    verbs.require_writable(Path("a.txt"), "--out", (".png", ".svg"))


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: arguments.model_name(nn.Linear(1, 1)),
        lambda: arguments.model_name(nn.Linear),
        lambda: arguments.model_name(3),
        lambda: arguments.data_name([1]),
        lambda: arguments.run_path(int),
        lambda: verbs.require_writable(Path("none/a.png"), "--out"),
        lambda: verbs.require_writable(Path(), "--out", (".png",)),
        in_folder_of_files,
        lambda: arguments.require_no_moved_data("x", Path("d")),
        lambda: drafts.draft_recipe("digits", "mlp", None, {}),
        lambda: verbs.compare(different_data=True),
        lambda: verbs.compare(["mlp", "cnn"]),
        lambda: verbs.compare(["a", "b"], lr=0.1),
        lambda: verbs.compare("."),
        lambda: verbs.compare(model="mlp", data="digits"),
        lambda: verbs.tune("mlp", "digits", trials=0),
        lambda: verbs.tune("mlp", "digits", seed=[1, 2]),
        lambda: verbs.sanity_check("overfitt"),
        lambda: verbs.train("mlp", "digits", save=False, name="x"),
        lambda: verbs.check("none.py"),
        lambda: verbs.grade("a.txt", "atention"),
        lambda: verbs.grade("a.txt", seconds=0),
    ],
)
def test_a_mistake_reads_korean(mistake, workdir):
    with pytest.raises(UsageError) as caught:
        mistake()
    lines = caught.value.message("ko").splitlines()
    for line in lines[:1] + lines[-1:]:
        assert re.search("[가-힣]", line), line


def test_a_list_is_in_the_language_of_its_reader(workdir):
    Path("runs/stopped").mkdir(parents=True)
    Path("runs/stopped/recipe.json").write_text("{}")
    english, korean = verbs.listing(), verbs.listing("ko")
    assert english["models"]["mlp"].endswith("presets default, notes)")
    assert korean["models"]["mlp"].endswith("프리셋 default, notes)")
    assert list(english["runs"].values()) == ["unfinished"]
    assert list(korean["runs"].values()) == ["끝나지 않음"]
