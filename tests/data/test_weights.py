"""Weights of samples from tables and arrays; class weights in whole runs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

import etude
from etude import assembly, pipeline
from etude.comparison import side_by_side
from etude.comparison.differences import sample_count
from etude.data import arrays, table
from etude.data.dataset import fingerprint, split_dataset
from etude.data.resident import Resident
from etude.errors import DataError, UsageError
from etude.inference.run import Run
from etude.recipe import digest_of, draft
from etude.runs.folder import RunFolder
from etude.stats import mean_interval
from etude.training.distributed import ALONE
from etude.training.loop import Loop
from etude.verbs.drafts import field_paths

OPTIONS = {"epochs": 2, "quiet": True, "threads": 1, "device": "cpu"}


def rows(count: int = 240, seed: int = 0) -> list[dict[str, object]]:
    r = np.random.default_rng(seed)
    return [
        {
            "size": float(a), "age": float(b), "w": int(r.integers(0, 4)),
            "paid": "no" if a + r.normal() > 1.2 else "yes", "price": float(3 * a + r.normal()),
        }
        for a, b in r.normal(size=(count, 2)).round(3)
    ]  # fmt: skip


def write(path: Path, lines: list[dict[str, object]]) -> Path:
    head = list(lines[0])
    path.write_text("\n".join([",".join(head), *(",".join(map(str, r.values())) for r in lines)]))
    return path


def loaded(path: Path, **fields: object):
    return table.load(table.Config.read({"path": str(path), **fields}))


class TestTable:
    def test_a_weight_goes_with_its_row_and_is_no_feature(self, tmp_path):
        lines = rows()
        raw = loaded(write(tmp_path / "t.csv", lines), target="paid", weight="w", drop=["price"])
        assert [c.name for c in raw.columns if c.used] == ["size", "age"]
        for split in (raw.train, raw.test):
            expected = [lines[int(name) - 2]["w"] / 3 for name in split.names]
            assert split.weights.tolist() == expected

    def test_equal_weights_have_no_effect(self, tmp_path):
        ones = [{**row, "w": 2} for row in rows()]
        path = write(tmp_path / "t.csv", ones)
        with_column = loaded(path, target="paid", weight="w", drop=["price"])
        without = loaded(path, target="paid", drop=["price", "w"])
        assert with_column.train.weights is None
        assert np.array_equal(with_column.train.x, without.train.x)

    def test_every_bad_weight_is_named_by_its_line(self, tmp_path):
        lines = rows()
        lines[0]["w"], lines[4]["w"], lines[7]["w"] = -1, "", "much"
        path = write(tmp_path / "t.csv", lines)
        with pytest.raises(DataError) as error:
            loaded(path, target="paid", weight="w")
        message = str(error.value)
        assert len(error.value.items) == 3
        for line in (2, 6, 9):
            assert f"t.csv:{line}" in message
        raw = loaded(path, target="paid", weight="w", skip_bad=True)
        assert len(raw.train) + len(raw.test) == 237

    @pytest.mark.parametrize("name", ["paid", "nothing", "word"])
    def test_a_column_that_holds_no_weights_is_refused(self, tmp_path, name):
        lines = [{**row, "word": f"x{i % 3}"} for i, row in enumerate(rows())]
        with pytest.raises(DataError):
            loaded(write(tmp_path / "t.csv", lines), target="paid", weight=name)

    def test_weights_that_are_all_zero_are_refused(self, tmp_path):
        zeros = [{**row, "w": 0} for row in rows()]
        with pytest.raises(DataError, match="all weights are 0"):
            loaded(write(tmp_path / "t.csv", zeros), target="paid", weight="w")

    def test_a_split_in_which_nothing_counts_is_refused(self, tmp_path):
        lines = [
            {**row, "w": int(i < 180), "part": "train" if i < 180 else "test"}
            for i, row in enumerate(rows())
        ]
        raw = loaded(write(tmp_path / "t.csv", lines), target="paid", weight="w", test="part")
        with pytest.raises(DataError, match="test: all weights of samples are 0"):
            split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=0)


class TestArrays:
    def data(self) -> dict[str, np.ndarray]:
        r = np.random.default_rng(0)
        x = r.normal(size=(100, 3))
        return {"x": x, "y": (x[:, 0] > 0).astype(int), "weights": r.random(100)}

    def raw(self, stored: dict[str, np.ndarray], tmp_path: Path):
        np.savez(tmp_path / "a.npz", **stored)
        return arrays.load(arrays.Config.read({"path": str(tmp_path / "a.npz")}))

    def test_weights_follow_the_samples(self, tmp_path):
        stored = self.data()
        raw = self.raw(stored, tmp_path)
        largest = stored["weights"].max()
        for split in (raw.train, raw.test):
            index = [int(name.split()[-1]) for name in split.names]
            np.testing.assert_array_equal(split.weights, stored["weights"][index] / largest)

    def test_the_fingerprint_covers_weights_only_where_there_are_any(self, tmp_path):
        stored = self.data()
        weighted = fingerprint(self.raw(stored, tmp_path))
        plain = fingerprint(self.raw({**stored, "weights": np.ones(100)}, tmp_path))
        del stored["weights"]
        assert fingerprint(self.raw(stored, tmp_path)) == plain != weighted

    @pytest.mark.parametrize("wrong", ["form", "negative", "nan"])
    def test_wrong_weights_are_refused(self, tmp_path, wrong):
        stored = self.data()
        if wrong == "form":
            stored["weights"] = stored["weights"][:50]
        else:
            stored["weights"][7] = -1 if wrong == "negative" else np.nan
        with pytest.raises(DataError) as error:
            self.raw(stored, tmp_path)
        assert len(error.value.items) == 1

    def test_all_splits_have_weights_or_none(self, tmp_path):
        stored = self.data()
        divided = {f"{name}_train": values for name, values in stored.items()}
        divided |= {f"{name}_test": values for name, values in stored.items() if name != "weights"}
        with pytest.raises(DataError, match="weights_test"):
            self.raw(divided, tmp_path)

    def test_a_batch_has_the_weights_of_its_samples(self, tmp_path):
        raw = self.raw(self.data(), tmp_path)
        data = split_dataset(raw, reads=("vector",), scale="standard", val_fraction=0.1, seed=0)
        held = Resident(data.train, data.card, torch.device("cpu"))
        index = np.array([5, 0, 9])
        w = held.take(index).weights.numpy()
        np.testing.assert_allclose(
            w, data.train.weights[index] / data.train.weights.max(), rtol=1e-15
        )

    def test_a_task_without_weights_refuses_them(self):
        x = np.random.default_rng(0).random((40, 12, 1))
        data = {"x": x, "y": np.random.default_rng(1).random((40, 2)), "weights": np.arange(40.0)}
        with pytest.raises(UsageError, match="does not use weights"):
            etude.train("cnn", data=data, **{"data.forecast": True}, **OPTIONS)


class TestRuns:
    def test_test_metrics_are_those_of_scikit_learn(self, tmp_path):
        lines = rows()
        path = write(tmp_path / "t.csv", lines)
        options = {"data.target": "paid", "data.weight": "w", "data.drop": ["price"], **OPTIONS}
        run = etude.train("mlp", data=path, **options)
        test = loaded(path, target="paid", weight="w", drop=["price"]).test
        answers = run.predict([lines[int(name) - 2] for name in test.names])
        true = [lines[int(name) - 2]["paid"] for name in test.names]
        said = [answer["label"] for answer in answers]
        w = test.weights
        assert run.test["accuracy"] == pytest.approx(
            reference.accuracy_score(true, said, sample_weight=w), rel=1e-12
        )
        assert run.test["balanced_accuracy"] == pytest.approx(
            reference.balanced_accuracy_score(true, said, sample_weight=w), rel=1e-12
        )

    def test_a_recipe_with_class_weights_is_complete_and_replays(self, tmp_path):
        path = write(tmp_path / "t.csv", rows())
        options = {"data.target": "paid", "data.drop": ["price", "w"], **OPTIONS}
        options["task.class_weights"] = "balanced"
        run = etude.train("mlp", data=path, root=tmp_path, name="one", **options)
        weights = run.recipe.task.fields["class_weights"]
        assert list(weights) == ["no", "yes"]
        assert all(isinstance(value, float) for value in weights.values())
        assert run.result.goal == "balanced_accuracy"
        assert all("balanced_accuracy" in row["val"] for row in run.history)
        again = etude.train(tmp_path / "one" / "recipe.json", root=tmp_path, name="two", quiet=True)
        one, two = ((tmp_path / n / "metrics.jsonl").read_bytes() for n in ("one", "two"))
        assert one == two
        assert again.result.goal == "balanced_accuracy"

    def test_a_recipe_without_weights_keeps_its_digest_and_its_epochs(self):
        run = etude.train("mlp", data="digits", **{**OPTIONS, "epochs": 1})
        plain = run.recipe.plain()
        assert plain["task"] == {"name": "classify"}
        assert digest_of(plain) == run.recipe.digest
        assert sorted(run.history[0]["val"]) == ["accuracy", "loss", "samples"]
        assert 0 < run.test["balanced_accuracy"] <= 1
        assert "effective_samples" not in run.test

    def test_resuming_with_both_kinds_of_weights_is_exact(self, tmp_path):
        path = write(tmp_path / "t.csv", rows())
        options = {
            "data.target": "paid", "data.weight": "w", "data.drop": ["price"], "epochs": 3,
            "threads": 1, "device": "cpu", "save_seconds": 0, "task.class_weights.no": 5,
        }  # fmt: skip
        whole = etude.train("mlp", data=path, root=tmp_path, name="whole", quiet=True, **options)
        mapping = draft("mlp", str(path), fields=field_paths(options))
        folder = RunFolder.create(tmp_path / "part")
        run, parts = pipeline.begin(folder, assembly.read_draft(mapping), True, "en")
        train, val = pipeline.training_data(parts)

        class Gone(BaseException):
            pass

        def listen(event: str, info: dict[str, object]) -> None:
            if event == "step" and info["step"] == 5:
                raise Gone

        card = parts.dataset.card.plain()
        with pytest.raises(Gone):
            Loop(parts.model, parts.task, parts.recipe, train, val, run, card, listen, ALONE).fit()
        run.release()
        etude.resume(tmp_path / "part", quiet=True)
        one, two = ((tmp_path / n / "metrics.jsonl").read_bytes() for n in ("whole", "part"))
        assert one == two
        assert whole.result.goal == "balanced_accuracy"

    def test_runs_with_class_weights_are_compared_by_balanced_accuracy(self, tmp_path):
        path = write(tmp_path / "t.csv", rows())
        fields = {"data.target": "paid", "data.weight": "w", "data.drop": ["price"]}
        options = {**OPTIONS, **fields, "task.class_weights": "balanced"}
        runs = [
            etude.train("mlp", data=path, root=tmp_path, name=f"seed{seed}", seed=seed, **options)
            for seed in (0, 1)
        ]
        assert {run.recipe.data.fields["weight"] for run in runs} == {"w"}
        names = [str(run.path) for run in runs]
        board = side_by_side.boards([Run(name) for name in names])[0]
        assert board.goal == "balanced_accuracy"
        values = np.array([run.result.score for run in runs])
        low, high = mean_interval(values, board.goal, sample_count(runs))
        assert 0 <= low <= values.mean() <= high <= 1
