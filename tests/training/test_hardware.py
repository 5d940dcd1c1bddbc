"""What is chosen for a run is chosen by rule, from a table measured beforehand, and said."""

import os

import pytest

from etude import assembly
from etude.errors import UsageError
from etude.locale.texts import render
from etude.recipe import TrainDraft, draft
from etude.tasks.classify import Classify
from etude.training import hardware, precision
from etude.training.distributed import ALONE

CPU = {"train.device": "cpu", "model.hidden": [8]}


FAST, PLAIN = precision.CPU_BF16, precision.CPU


@pytest.fixture
def fast(monkeypatch):
    """A CPU that has bf16 instructions, whatever this one has."""
    monkeypatch.setattr(precision, "processor", lambda device: FAST)


def reason(choice):
    return render("en", choice.reason)


def asked(**fields):
    return TrainDraft(device="cpu", threads=1, **fields)


def test_a_row_of_the_table_decides(fast):
    for row in precision.TABLE:
        chosen = hardware.select(asked(), "cpu", row.model, row.parameters, exact=False)
        assert chosen.precision == ("bf16" if row.gain >= precision.WORTH else "fp32")
        assert chosen.compile == "off" and str(row.measured) in reason(chosen)


def test_what_was_not_measured_is_fp32(monkeypatch, fast):
    assert hardware.select(asked(), "cpu", "resnet", 10**6, exact=False).precision == "fp32"
    small = hardware.select(asked(), "cpu", "mlp", 5000, exact=False)
    assert small.precision == "fp32" and "small" in reason(small)
    assert hardware.select(asked(), "cpu", "mlp", 10**6, exact=True).precision == "fp32"
    monkeypatch.undo()
    assert precision.processor("cuda:1") == "cuda" and precision.processor("cpu") in (FAST, PLAIN)
    gpu = hardware.select(asked(), "cuda", "mlp", 10**6, exact=False)
    assert gpu.precision == "fp32" and "cuda (not measured yet)" in reason(gpu)


def test_without_bf16_instructions_it_is_fp32(monkeypatch):
    monkeypatch.setattr(precision, "processor", lambda device: PLAIN)
    for row in precision.TABLE:
        assert hardware.select(asked(), "cpu", row.model, 10**7, exact=False).precision == "fp32"


def test_what_is_asked_for_is_done(fast):
    for wanted in ("fp32", "bf16"):
        chosen = hardware.select(asked(precision=wanted), "cpu", "mlp", 10**6, exact=True)
        assert chosen.precision == wanted and "as the recipe says" in reason(chosen)
    assert hardware.select(asked(compile="on"), "cpu", "mlp", 10**6, exact=False).compile == "on"


def test_choosing_runs_no_step_and_reads_no_clock(monkeypatch, workdir):
    """The same command makes the same choice: thirty students on thirty machines of one type."""
    import time

    from etude.training.step import Step

    wanted = assembly.read_draft(draft("mlp", "digits", fields=CPU))
    monkeypatch.setattr(Step, "__init__", lambda *_: pytest.fail("a step was made"))
    for clock in ("monotonic", "perf_counter", "process_time", "time"):
        monkeypatch.setattr(time, clock, lambda: pytest.fail("the clock was read"))
    assert assembly.prepare(wanted, ALONE).recipe == assembly.prepare(wanted, ALONE).recipe


def test_an_augmentation_that_does_not_fit_is_met_before_training(workdir):
    fields = {**CPU, "data.augment": ["jitter"]}
    with pytest.raises(UsageError, match="jitter does not fit samples of kind image"):
        assembly.prepare(assembly.read_draft(draft("mlp", "digits", fields=fields)), ALONE)


def test_threads_follow_the_environment_and_devices_are_checked(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert hardware.default_threads() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert hardware.default_threads() == len(os.sched_getaffinity(0))
    assert hardware.resolve("cpu", 1) == ("cpu", 1)
    with pytest.raises(UsageError, match="choose cpu, cuda"):
        hardware.resolve("cdua", 1)
    with pytest.raises(UsageError, match="Available devices: cpu"):
        hardware.resolve("cuda:99", 1)


def test_bf16_trains_too(workdir):
    import etude

    run = etude.train("vit", data="digits", epochs=2, precision="bf16", quiet=True,
                      **{"model.width": 16, "model.depth": 1})  # fmt: skip
    assert run.recipe.train.precision == "bf16"
    assert (
        run.history[-1]["train"]["classify"]["loss"] < run.history[0]["train"]["classify"]["loss"]
    )


def test_bf16_that_this_processor_cannot_compute_is_told(monkeypatch, workdir):
    """As of an LSTM on a CPU without bf16 instructions: before training, in words."""
    fields = {"train.device": "cpu", "train.precision": "bf16"}

    def fails(*_):
        raise RuntimeError("could not create a primitive descriptor for the LSTM. Run with more")

    monkeypatch.setattr(Classify, "outputs", fails)
    with pytest.raises(UsageError) as caught:
        assembly.prepare(assembly.read_draft(draft("lstm", "digits", fields=fields)), ALONE)
    assert "lstm cannot be computed in bf16 on cpu here (could not create" in str(caught.value)
    assert "--precision fp32" in str(caught.value)


def test_apples_gpu_is_refused_before_anything_begins():
    with pytest.raises(UsageError, match="float64") as error:
        hardware.resolve("mps", 1)
    assert "choose cpu" in str(error.value)
