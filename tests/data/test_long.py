"""Sequences in long tables: compared with a reference that builds them from dicts of rows, and with
`table`, whose features a sequence of one step must have."""

import csv
import random

import numpy as np
import pytest
import torch

from etude.data import long, table
from etude.data.dataset import split_dataset
from etude.data.inputs import from_frame, read
from etude.data.locate import source_for
from etude.data.preprocess import Preprocess
from etude.data.resident import Resident
from etude.data.tabular import inputs as tabular
from etude.data.tabular.columns import used
from etude.data.validate import validate_card
from etude.errors import DataError
from tests.data.notes import english

HEAD = ["id", "step", "x", "state", "label"]


def made(count=60, seed=0):
    """Rows of sequences of 3 to 7 steps, in a random order: numbers with gaps, and words."""
    rng = random.Random(seed)
    rows = [
        [f"s{i}", t, "" if rng.random() < 0.1 else f"{rng.gauss(i % 3, 1):.3f}",
         rng.choice(["on", "off", "idle"]), ("wave", "push", "rest")[i % 3]]
        for i in range(count) for t in range(3 + i % 5)
    ]  # fmt: skip
    rng.shuffle(rows)
    return rows


def written(path, rows, head=HEAD):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def raw_of(path, **more):
    fields = {"series": "id", "step": "step", "target": "label"} | more
    return long.load(long.Config(path=str(path), **fields))


def refused(path, **more):
    with pytest.raises(DataError) as caught:
        raw_of(path, **more)
    return caught.value


def divided(raw, seed=0):
    return split_dataset(raw, reads=("sequence",), scale="standard", val_fraction=0.2, seed=seed)


def expected_cells(rows, raw):
    """{id: [L 2]} from dicts: the number and the place of the word among all words in order."""
    states = sorted({row[3] for row in rows})
    found = {}
    for name, _, number, state, _ in sorted(rows, key=lambda row: (row[0], row[1])):
        cell = [float(number) if number != "" else np.nan, float(states.index(state))]
        found.setdefault(name, []).append(cell)
    return {name: np.array(cells) for name, cells in found.items()}


def same_sequences(split, expected):
    """Fail unless a split has exactly the cells that are expected, and zeros after them."""
    for name, x, length in zip(split.names, split.x, split.lengths, strict=True):
        np.testing.assert_array_equal(x[:length], expected[name])
        assert (x[length:] == 0).all()


def test_rows_in_any_order_become_sequences(tmp_path):
    rows = made()
    raw = raw_of(written(tmp_path / "g.csv", rows))
    assert (raw.kind, raw.target, raw.classes) == ("sequence", "class", ("push", "rest", "wave"))
    assert len(raw.train) == 48 and np.bincount(raw.test.y).tolist() == [4, 4, 4]
    assert not set(raw.train.names) & set(raw.test.names)
    expected = expected_cells(rows, raw)
    labels = {row[0]: row[4] for row in rows}
    for split in (raw.train, raw.test):
        same_sequences(split, expected)
        assert [raw.classes[y] for y in split.y] == [labels[name] for name in split.names]
    expected["s0"][1, 0] += 1e-9
    with pytest.raises(AssertionError):  # the comparison sees one cell
        [same_sequences(split, expected) for split in (raw.train, raw.test)]
    # As text sorts, s10 comes before s9; steps must not: 10 after 9.
    many = [["a", t, t, "on", "x"] for t in (10, 9, 2)] + [[f"i{i}", 0, i, "on", "xy"[i % 2]]
            for i in range(20)]  # fmt: skip
    other = raw_of(written(tmp_path / "o.csv", many))
    place = next(s for s in (other.train, other.test) if "a" in s.names)
    assert place.x[place.names.index("a")][:3, 0].tolist() == [2, 9, 10]


def test_features_are_learned_from_training_steps_alone(tmp_path):
    rows = made()
    data = divided(raw_of(written(tmp_path / "g.csv", rows)))
    steps = np.concatenate([x[:n] for x, n in zip(data.train.x, data.train.lengths, strict=True)])
    number, state = used(data.card.columns)
    assert (
        number.middle == np.nanmedian(steps[:, 0]) and number.empty == np.isnan(steps[:, 0]).sum()
    )
    assert state.levels == ("idle", "off", "on")
    assert data.card.model_spec.shape == (7, 2 + 4) and data.card.shape == (7, 2)
    validate_card(data.card)
    # A word of test sequences alone is unseen.
    apart = [
        [*row[:3], "alarm" if row[0] == data.test.names[0] else row[3], row[4]] for row in rows
    ]
    again = divided(raw_of(written(tmp_path / "h.csv", apart)))
    assert used(again.card.columns)[1].levels == ("idle", "off", "on")
    test = again.test
    first = test.x[test.names.index(data.test.names[0])]
    assert (first[: test.lengths[test.names.index(data.test.names[0])], 1] == 3).all()


def test_features_of_a_step_are_those_of_a_table(tmp_path):
    rows = [[f"s{i}", 0, *row[2:]] for i, row in enumerate(made(40))]
    path = written(tmp_path / "g.csv", rows)
    data = divided(raw_of(path))
    flat = table.load(table.Config(path=str(path), target="label", drop=("id", "step")))
    both = split_dataset(flat, reads=("vector",), scale="standard", val_fraction=0.2, seed=0)
    one, other = (
        Preprocess(d.card)(torch.from_numpy(d.test.x[:])).reshape(len(d.test), -1)
        for d in (data, both)
    )
    assert torch.equal(one, other)


def test_padding_stays_zero_and_baselines_read_features(tmp_path):
    data = divided(raw_of(written(tmp_path / "g.csv", made())))
    resident = Resident(data.train, data.card, torch.device("cpu"))
    batch = resident.take(np.arange(len(data.train)))
    beyond = np.arange(7) >= data.train.lengths[:, None]
    assert (batch.x.numpy()[beyond] == 0).all() and (batch.x.numpy()[~beyond] != 0).any(1).all()
    found = data.arrays(data.train)
    np.testing.assert_array_equal(found.x, batch.x.numpy())
    flat = split_dataset(
        raw_of(tmp_path / "g.csv"), reads=("vector",), scale="standard", val_fraction=0.2, seed=0
    )
    assert flat.card.model_spec.shape == (42,)
    vectors = Resident(flat.train, flat.card, torch.device("cpu")).take(np.arange(3)).x
    assert torch.equal(vectors, batch.x[:3].flatten(1))


def test_new_sequences_are_read_as_in_training(tmp_path):
    rows = made()
    data = divided(raw_of(written(tmp_path / "g.csv", rows)))
    card = type(data.card).read(data.card.plain(), "card")  # as a checkpoint has it
    order = [3, 1, 0, 2]  # other columns first, and none with the label
    new = [[row[i] for i in order] for row in rows]
    path = written(tmp_path / "new.csv", new, [HEAD[i] for i in order])
    split = read([str(path)], card)
    by_name = dict(zip(split.names, zip(split.x, split.lengths, strict=True), strict=True))
    for name, x, length in zip(data.test.names, data.test.x, data.test.lengths, strict=True):
        found, steps = by_name[name]
        assert steps == length
        np.testing.assert_array_equal(found[:length], x[:length])
    frame = [dict(zip(HEAD, row, strict=True)) for row in rows]
    np.testing.assert_array_equal(
        from_frame(frame, card).x, read([str(tmp_path / "g.csv")], card).x
    )
    odd = [["s1", 0, "99", "alarm"], ["s1", 1, "0.5", "on"], ["s2", 0, "0.1", "on"]]
    split = read([str(written(tmp_path / "odd.csv", odd, HEAD[:4]))], card)
    assert split.names == ("s1", "s2")
    doubts = tabular.doubts(used(card.columns), split.x, split.lengths)
    assert doubts[0] == {"unseen": ["state"], "outside": ["x"], "empty": []}
    assert not any(doubts[1].values())


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        ([["0.5", "on", 1]], ["x", "state", "step"], "has no column id"),
        ([["a", 1, "on"]], ["id", "step", "state"], "has no column x"),
        ([["a", 1, "0.5", "on"]] * 2, HEAD[:4], "line 3: line 2 has step='1' too"),
        ([["a", "", "0.5", "on"]], HEAD[:4], "line 2: step='' says no place"),
    ],
)
def test_new_sequences_that_cannot_be_read_are_named(tmp_path, rows, head, said):
    card = divided(raw_of(written(tmp_path / "g.csv", made()))).card
    with pytest.raises(DataError) as caught:
        read([str(written(tmp_path / "new.csv", rows, head))], card)
    assert said in str(caught.value)


def test_every_bad_sequence_is_named_by_its_lines(tmp_path):
    rows = sorted(made(30), key=lambda row: (int(row[0][1:]), row[1]))
    rows[1][4] = "push"  # s0 is wave
    rows[4][1] = 0  # s1 has lines 5 to 8
    rows[8][1] = ""
    rows[9][0] = ""
    rows[13][2] = "abc"
    path = written(tmp_path / "g.csv", rows)
    items = english(refused(path).items)
    assert len(items) == 5
    told = " ".join(items)
    assert "g.csv:3: sequence s0: line 3: label is 'push', but 'wave' in most rows" in told
    assert "sequence s1: line 6: line 5 has step='0' too" in told
    assert ("step='' says no place" in told and "x='abc'" in told) or "'abc'" in told
    assert "g.csv:11: id is empty" in told
    raw = raw_of(path, skip_bad=True)
    assert len(raw.left_out) == 5
    assert not {"s0", "s1"} & {*raw.train.names, *raw.test.names}


def test_a_label_may_be_in_one_row_and_sequences_without_one_are_left_out(tmp_path):
    rows = made(30)
    seen = set()
    for row in rows:
        row[4] = "" if row[0] in seen or row[0] == "s7" else row[4]
        seen.add(row[0])
    raw = raw_of(written(tmp_path / "g.csv", rows))
    assert len(raw.train) + len(raw.test) == 29
    assert "1 sequence without a value of label is left out" in english(raw.notes)


def test_a_value_is_a_target_too(tmp_path):
    rows = [[*row[:4], f"{int(row[0][1:]) * 1.5}"] for row in made()]
    raw = raw_of(written(tmp_path / "g.csv", rows))
    assert raw.target == "value"
    for name, y in zip(raw.test.names, raw.test.y, strict=True):
        assert y[0] == int(name[1:]) * 1.5


def test_a_column_may_divide_the_sequences(tmp_path):
    rows = [[*row, ("train", "val", "test")[int(row[0][1:]) // 3 % 3]] for row in made()]
    path = written(tmp_path / "g.csv", rows, [*HEAD, "part"])
    raw = raw_of(path, test="part")
    for part in ("train", "val", "test"):
        names = getattr(raw, part).names
        assert set(names) == {row[0] for row in rows if row[5] == part}
    assert "part" not in {column.name for column in used(raw.columns)}
    rows[0][5] = "val" if rows[0][5] != "val" else "train"
    told = str(refused(written(tmp_path / "h.csv", rows, [*HEAD, "part"]), test="part"))
    assert f"h.csv:2: sequence {rows[0][0]}: line 2: part is" in told


def test_steps_may_be_dates_or_the_order_of_lines(tmp_path):
    rows = [[row[0], f"{row[1] + 28:02d}.01.2024" if row[1] < 4 else f"0{row[1] - 3}.02.2024",
             *row[2:]] for row in made()]  # fmt: skip
    raw = raw_of(written(tmp_path / "g.csv", rows))
    expected = raw_of(written(tmp_path / "h.csv", made()))
    np.testing.assert_array_equal(raw.test.x, expected.test.x)
    assert raw.reading.step_form == "dmy"
    new = [["a", "02.02.2024", "2", "on"], ["a", "01.02.2024", "1", "on"]]
    split = read([str(written(tmp_path / "new.csv", new, HEAD[:4]))], divided(raw).card)
    assert split.x[0, :, 0].tolist() == [1, 2]
    lines = [[row[0], *row[2:]] for row in made()]
    raw = raw_of(written(tmp_path / "i.csv", lines, [HEAD[0], *HEAD[2:]]), step="")
    assert "in the order of the lines" in " ".join(english(raw.notes))
    words = [[row[0], f"q{row[1]}", *row[2:]] for row in made()]
    assert "neither a number nor a date" in str(refused(written(tmp_path / "j.csv", words)))


def test_what_is_missing_is_named_with_what_there_is(tmp_path):
    error = refused(written(tmp_path / "g.csv", made()), series="who", step="when")
    assert "data.series: there is no column who" in str(error) and "id, step" in str(error)
    assert "data.step: there is no column when" in str(error)


def test_a_table_is_long_only_if_a_column_of_sequences_is_given(tmp_path):
    path = written(tmp_path / "g.csv", made())
    assert source_for(path, ["target"]) == "table"
    assert source_for(path, ["series", "target"]) == "long"
    assert source_for(path, ["series", "step", "target"]) == "long"


def test_answers_for_sequences_have_one_row_each():
    answers = {"=s1": ["a", "0.5"], "s2": ["b", "0.25"]}
    assert tabular.answered("id", ("predicted", "p(a)"), answers) == (
        "id,predicted,p(a)\n'=s1,a,0.5\ns2,b,0.25\n"
    )
