"""Able to fail: each known fault, put into a copy of the source, must be caught by a named check.

A mutant is a change of a few words. Its check - a test, or a part of these proofs - must pass on the
source as it is and fail on the mutant; one that survives is a defect of the checks.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

from tests.faults.common import REPOSITORY, Row, environment
from tests.faults.mutants_common import Mutant
from tests.faults.mutants_layers import LAYERS
from tests.faults.mutants_results import RESULTS
from tests.faults.mutants_training import TRAINING

LOOP = "tests/training/test_loop.py::test_a_run_stopped_in_the_middle_of_an_epoch_ends_with_the_same_bytes"
STORAGE = "tests/runs/test_storage.py::"


MUTANTS = (
    Mutant("no file fsync", "runs/files.py", "            os.fsync(handle)\n            if os", "            if os", "power"),
    Mutant("no folder fsync", "system/portable.py", "    try:\n        os.fsync(handle)", "    try:\n        pass", "power"),
    Mutant("in place", "runs/checkpoint.py", 'hidden = folder / f"{HIDDEN}{checkpoint.step:08d}-{os.getpid()}"', "hidden = final", STORAGE + "test_the_order_of_a_commit"),
    Mutant("prune first", "runs/folder.py", "        checkpoint.commit(self.checkpoints, point)", "        [shutil.rmtree(self.checkpoints / f\"{s:08d}\") for s in checkpoint.steps(self.checkpoints)]\n        checkpoint.commit(self.checkpoints, point)", "power"),
    Mutant("manifest first", "runs/checkpoint.py", "        for name, content in contents.items():\n            write(hidden / name, content)\n        write(hidden / \"MANIFEST.json\", canonical(manifest))", "        write(hidden / \"MANIFEST.json\", canonical(manifest))\n        for name, content in contents.items():\n            write(hidden / name, content)", STORAGE + "test_the_order_of_a_commit"),
    Mutant("checksum not verified", "runs/checkpoint.py", "if hashlib.sha256(content).hexdigest() != digest:", "if False:", STORAGE + "test_a_damaged_checkpoint_is_passed_over_and_named"),
    Mutant("OSError swallowed", "runs/files.py", "    except OSError as error:\n        raise write_error", "    except OSError as error:\n        return\n        raise write_error", STORAGE + "test_an_error_of_the_disk_keeps_the_old_checkpoint"),
    Mutant("metrics' name not synced", "runs/folder.py", '        replace(self.metrics, b"")\n', "", "power"),
    Mutant("pruned while read", "runs/checkpoint.py", "    while listed != (listed := steps(folder)):", "    for listed in (steps(folder),):", STORAGE + "test_a_reader_looks_again_where_a_writer_has_pruned"),
    Mutant("optimizer moments dropped", "training/loop.py", "slots = {name: torch.from_numpy(x.copy()) for name, x in point.optimizer.items()}", "slots: dict[str, torch.Tensor] = {}", LOOP + "[mlp]"),
    Mutant("Adam's step count dropped", "training/optimizer.py", "        for slot, value in state.items()\n", "        for slot, value in state.items()\n        if slot != 'step'\n", LOOP + "[cnn]"),
    Mutant("second optimizer dropped", "training/loop.py", "for state in self.step.phase_states:\n                optimizer.restore", "for state in self.step.phase_states[:1]:\n                optimizer.restore", LOOP + "[aae]"),
    Mutant("schedule begun anew", "training/step.py", "schedule.factor(train.schedule, number - first, self.total", "schedule.factor(train.schedule, (setattr(self, 'count', getattr(self, 'count', -1) + 1), self.count)[1], self.total", LOOP + "[mlp]"),
    Mutant("batch norm's buffers dropped", "training/record.py", "        model.load_state_dict(weights)", "        model.load_state_dict({k: x for k, x in weights.items() if 'running' not in k}, strict=False)", LOOP + "[cnn]"),
    Mutant("epoch begun at 0 on resume", "training/loop.py", 'self.record.at = Progress(**point.state["progress"])', 'self.record.at = Progress(**{**point.state["progress"], "epoch": 0})', LOOP + "[mlp]"),
    Mutant("one batch repeated", "training/loop.py", 'self.record.at = Progress(**point.state["progress"])', 'self.record.at = Progress(**point.state["progress"]); self.record.at.batch = max(self.record.at.batch - 1, 0)', LOOP + "[lstm]"),
    Mutant("one batch skipped", "training/loop.py", 'self.record.at = Progress(**point.state["progress"])', 'self.record.at = Progress(**point.state["progress"]); self.record.at.batch += 1', LOOP + "[transformer]"),
    Mutant("order from numpy's global generator", "training/randomness.py", 'np.random.Generator(np.random.Philox(key(seed, "order", epoch))).permutation(count)', "np.random.permutation(count)", LOOP + "[vit]"),
    Mutant("augmentation from numpy's global generator", "data/augment.py", "            return uniform(key, samples, stream, count)", "            return np.random.rand(len(samples), count)", LOOP + "[mlp]"),
    Mutant("evaluation draws from training's stream", "training/record.py", '    reseed(seed, "evaluate")\n', "", "tests/training/test_loop.py::test_evaluation_has_a_stream_of_its_own"),
    Mutant("dropout not reseeded", "training/loop.py", '        reseed(seed, "step", number, world.rank)\n', "", LOOP + "[aae]"),
    Mutant("noise not by step", "training/loop.py", 'BatchNoise(key(seed, "noise", number), world', "BatchNoise(int(time.time_ns() % 2**31), world", LOOP + "[aae]"),
    Mutant("metrics appended twice", "training/loop.py", "            self.run.rewind(self.at.metrics_bytes)\n", "            pass\n", "tests/training/test_loop.py::test_lines_that_no_checkpoint_vouches_for_are_not_written_twice"),
    Mutant("two states of one step", "training/loop.py", "            polls = self.step.waits", "            self._save()\n            polls = self.step.waits", "tests/training/test_loop.py::test_a_step_has_one_state"),
    Mutant("classes by split", "data/folder.py", "[place[sample.label] for sample in samples]", "[sorted({s.label for s in samples if s.part == sample.part}).index(sample.label) for sample in samples]", "tests/data/test_folder.py::test_class_order_is_sorted_and_the_same_in_all_splits"),
    Mutant("EXIF ignored when predicting", "data/inputs.py", "        pixels = fit(picture, size, mode, levels)", "        pixels = fit(__import__('PIL.Image').Image.fromarray(np.asarray(picture.convert('RGB'))), size, mode, levels)", "tests/data/test_same_road.py"),
    Mutant("normalisation not in the card", "inference/run.py", "held = Resident(samples, self.card, ", "held = Resident(samples, self.card.model_copy(update={'mean': (0.0,), 'std': (1.0,)}), ", "tests/test_skeleton.py::test_predict_from_arrays_agrees_with_the_test_result"),
    Mutant("lock removed", "runs/lock.py", "                acquired = portable.lock(self._handle, wait=False)", "                acquired = True", STORAGE + "test_of_many_starters_one_wins"),
    Mutant("lock by a file alone", "runs/lock.py", "                acquired = portable.lock(self._handle, wait=False)", "                acquired = not os.fstat(self._handle).st_size", STORAGE + "test_a_killed_owner_frees_it_and_its_orphan_does_not_keep_it"),
    Mutant("an orphan keeps the lock", "runs/lock.py", "        portable.after_fork(self._close)\n", "", STORAGE + "test_a_killed_owner_frees_it_and_its_orphan_does_not_keep_it"),
    Mutant("SIGTERM ignored", "training/signals.py", "for number in portable.SIGNALS:\n                self._before[number] = signal.signal(number, self._note)", "for number in portable.SIGNALS:\n                note = self._note if number == signal.SIGINT else signal.SIG_IGN\n                self._before[number] = signal.signal(number, note)", "tests/training/test_loop.py::test_sigterm_saves_and_says_so"),
    Mutant("numbers looked at after the step", "training/step.py", "            if self.waits and self.bad:\n                return\n", "", "tests/training/test_loop.py::test_no_weight_moves_at_a_bad_number"),
    Mutant("buffers not looked at", "training/record.py", "        _whole(model)\n", "", "numbers"),
    Mutant("picture decoded before its size is known", "data/images.py", "            _bounded(picture)\n            if picture.format", "            if picture.format", "tests/data/test_images.py::test_a_bomb_is_refused_by_its_header"),
    Mutant("gradients not added up", "training/distributed.py", "            torch.distributed.all_reduce(whole)", "            pass", "ranks"),
    Mutant("uneven shares weighted alike", "training/step.py", "return len(batch.x) / (total or len(batch.x))", "return 1 / self.world.size", "ranks"),
    Mutant("noise drawn by process", "layers/gaussian.py", "manual_seed(self.key)", "manual_seed(self.key + self.rank)", "noise"),
    *TRAINING, *LAYERS, *RESULTS,
)  # fmt: skip

# The parts of these proofs that serve as checks, each as small as it can be.
PARTS = {
    "power": "power.check(folder)",
    "numbers": "numbers.check(folder, ('cnn',))",
    "ranks": "ranks.equal(folder, ('mlp',), ('float64',))",
    "noise": "ranks.equal(folder, ('aae',), ('float64',))",
}
RUN = """
import sys, tempfile
from pathlib import Path
from tests.faults import numbers, power, ranks
with tempfile.TemporaryDirectory() as place:
    folder = Path(place)
    rows = {call}
bad = [row for row in rows if not (row.ok and row.hit)]
print(*bad, sep="\\n")
sys.exit(bool(bad))
"""


def run(checks: Sequence[str], source: Path) -> tuple[int, str]:
    """The exit code of checks on a source, and the end of their output. checks: the name of one
    part, or ids of pytest tests."""
    paths = f"{source}{os.pathsep}{REPOSITORY}"
    env = {**environment(), "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    if checks[0] in PARTS:
        words = [sys.executable, "-c", RUN.format(call=PARTS[checks[0]])]
    else:
        words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *checks]
    done = subprocess.run(
        words, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).strip()[-400:]


def put_in(mutant: Mutant, place: Path) -> Path:
    """A copy of the source with the fault in it."""
    source = place / "src"
    shutil.copytree(REPOSITORY / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    path = source / "etude" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise LookupError(f"{mutant.fault}: its words are no longer in {mutant.file}, or twice")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return source


def check(folder: Path) -> list[Row]:
    """Every check on the source as it is, then every mutant under its check."""
    checks = sorted({mutant.check for mutant in MUTANTS})
    # One process for each file of tests: most of a check's time goes by imports.
    files = [list(group) for _, group in groupby(checks, lambda check: check.partition("::")[0])]

    def sound(group: list[str]) -> Row:
        code, said = run(group, REPOSITORY / "src")
        case = f"none: {group[0].partition('::')[0]}"
        return Row("mutants", case, True, code == 0, "" if code == 0 else said)

    def caught(item: tuple[int, Mutant]) -> Row:
        number, mutant = item
        place = folder / f"mutant-{number}"
        try:
            code, said = run([mutant.check], put_in(mutant, place))
        except LookupError as error:
            return Row("mutants", mutant.fault, False, False, str(error))
        finally:
            shutil.rmtree(place, ignore_errors=True)
        detail = f"caught by {mutant.check}" if code == 1 else f"SURVIVED {mutant.check}: {said}"
        return Row("mutants", mutant.fault, True, code == 1, detail)

    with ThreadPoolExecutor(2) as pool:
        return [*pool.map(sound, files), *pool.map(caught, enumerate(MUTANTS))]
