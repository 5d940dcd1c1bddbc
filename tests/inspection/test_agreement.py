"""Numbers agree with their nouns, in the helper, in the tables of texts and in real output."""

import re

import pytest

from etude.cli import main
from etude.locale.texts import quantity, say, texts

ONE_MANY = re.compile(
    r"(?<![\d.,+\-])\b1 (?!(?:s|is|was|has|class|looks|attends|puts|weighs)\b)[a-z]+s\b(?! ?/)"
)
"""A 1 and a word that ends like a plural; singulars that end so are left out."""
UNBOUND = re.compile(
    r"\{\w+(?::,)?\} (?:(?:test|training|validation|other|right|optimizer) )?"
    r"(?:samples|seeds|layers|heads|steps|epochs|parameters|classes|images|units|maps|numbers|"
    r"trials|runs|walks|mistakes|answers|filters|positions|codes|draws|points)\b"
)
"""A number and a plural that stays one whatever the number is."""
TEXT_VALUES = {"try.seeds"}
"""Keys whose value is a text: points with a decimal."""


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "layer", "1 layer"), (2, "layer", "2 layers"), (0, "sample", "0 samples"),
        (1024, "test sample", "1,024 test samples"), (2, "class", "2 classes"),
        (1, "class", "1 class"), (3, "entry", "3 entries"), (3, "epoch", "3 epochs"),
        (2, "batch", "2 batches"), (2, "axis/axes", "2 axes"), (1, "axis/axes", "1 axis"),
        (2, "day", "2 days"),
    ],
)  # fmt: skip
def test_a_number_and_its_noun_agree(number, noun, text):
    assert quantity(number, noun) == text


def test_templates_can_say_both():
    one = say("en", "aid.dry.some", count=1, names="a")
    two = say("en", "aid.dry.some", count=2, names="a, b")
    assert "1 parameter tensor received" in one
    assert "2 parameter tensors received" in two
    assert "2 of 10 test samples are" in say("en", "shared", count=2, of=10)
    assert "1 of 1 test sample is" in say("en", "shared", count=1, of=1)
    assert "매개변수 텐서 2개" in say("ko", "aid.dry.some", count=2, names="a, b")


def test_no_text_has_a_plural_that_its_number_does_not_govern():
    found = {key: match[0] for key, text in texts("en").items() if (match := UNBOUND.search(text))}
    assert not found.keys() - TEXT_VALUES, (
        f"{found}: write {{count:# sample}} (see locale/texts.py)"
    )


def test_the_saboteurs_are_found():
    assert UNBOUND.search("the weights of {heads} heads")
    assert UNBOUND.search("{count:,} test samples are wrong")
    assert not UNBOUND.search("{count:# test sample}")
    assert ONE_MANY.search("an LSTM of 1 layers")
    assert ONE_MANY.search("1 seeds each")
    assert not ONE_MANY.search("21 layers, 0.1 seconds, 1 s, 1 class, 1 layer")


def test_a_run_with_one_of_everything_says_so(workdir, capsys):
    """One layer, one head, one epoch: on stdout, on stderr and in the report."""
    small = ["model.depth=1", "model.heads=1", "--epochs", "1", "--name", "one"]
    main(["train", "vit", "--data", "digits", *small])
    said = capsys.readouterr()
    main(["train", "lstm", "--data", "digits", "model.layers=1", "--epochs", "1", "--name", "two"])
    more = capsys.readouterr()
    pages = [(workdir / "runs" / name / "report.html").read_text() for name in ("one", "two")]
    markup = re.compile(r"<style>.*?</style>|<[^>]+>", re.DOTALL)
    words = [markup.sub(" ", page) for page in pages]
    for text in (said.out, said.err, more.out, more.err, *words):
        assert not ONE_MANY.findall(text)
        assert not re.search(r"\ba (mlp|lstm)\b", text)
    assert "1 epoch" in said.out
    assert "ViT (" in said.out
    assert "LSTM (" in more.out
    assert texts("en")["kept"].format(best=1, epochs=1) in words[0]
