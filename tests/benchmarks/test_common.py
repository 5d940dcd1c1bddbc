"""The arithmetic of the claims: medians, bars, tables, and that no failure is lost."""

import sys

import pytest
from benchmarks.common import Results, Spread
from benchmarks.peers import environment, networks, program

from benchmarks import common, programs
from tests import test_house

FILES = sorted(common.HOME.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(common.HOME)))
def test_a_benchmark_keeps_the_rules_of_the_house(path):
    test_house.test_every_file_is_short_and_says_what_it_is(path)


def test_a_spread_is_median_least_and_most():
    assert common.spread([5, 1, 2, 9]) == Spread(3.5, 1, 9, 4)
    assert str(common.spread([2000.0, 1000.0, 1500.0])) == "1,500 (1,000 .. 2,000)"
    assert common.spread([]) is None


@pytest.mark.parametrize(
    ("value", "at_least", "said"),
    [
        (1.3, True, "yes"), (1.29, True, "NO"), (1.3, False, "yes"), (1.31, False, "NO"),
        (None, True, "NO"), (None, False, "NO"),
    ],
)  # fmt: skip
def test_a_bar_that_is_missed_is_said(value, at_least, said):
    assert common.verdict(value, 1.3, at_least=at_least) == said


def test_worse_is_worse_beyond_all_overlap():
    low, high, both = Spread(1, 0, 2, 3), Spread(5, 4, 6, 3), Spread(3, 1, 5, 3)
    assert common.no_worse(low, high) == "NO"
    assert common.no_worse(low, high, higher=False) == "yes"
    assert common.no_worse(high, low, higher=False) == "NO"
    assert common.no_worse(both, high) == common.no_worse(low, both) == "yes"
    assert common.no_worse(None, high) == "NO"


def test_results_keep_what_is_not_measured_again(tmp_path):
    first = Results("claim", ("name",), tmp_path)
    for name, value in (("a", 1), ("a", 2), ("b", 3)):
        first.add({"name": name, "value": value})
    again = Results("claim", ("name",), tmp_path)
    again.add({"name": "a", "value": 7})
    again.add({"name": "a", "value": 8})
    kept = Results("claim", ("name",), tmp_path)
    assert kept.values("value", name="a") == [7, 8]
    assert kept.values("value", name="b") == [3]
    assert kept.machine["cores"] > 0
    assert "torch" in kept.where()


# Programs ---------------------------------------------------------------------------------------


def test_the_order_of_programs_alternates():
    assert list(programs.alternate(["a", "b", "c"], 3)) == [
        (0, "a"), (0, "b"), (0, "c"), (1, "c"), (1, "b"), (1, "a"), (2, "a"), (2, "b"), (2, "c"),
    ]  # fmt: skip


def test_a_program_says_its_last_line_of_json():
    code = "print('noise'); print('{\"speed\": 1}'); print('{\"speed\": 2}'); print('bye')"
    found = programs.call([sys.executable, "-c", code])
    assert found["speed"] == 2
    assert found["seconds_total"] > 0


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no such thing')", "exit code 1: ValueError: no such thing"),
        ("print('no json')", "exit code 0: it said nothing"),
        ("import sys; print('{}'); sys.exit('late')", "exit code 1: late"),
    ],
)
def test_a_program_that_crashes_gives_its_last_words(code, said):
    assert programs.call([sys.executable, "-c", code]) == {"error": said}


def test_a_program_that_never_ends_is_ended():
    found = programs.call([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.5)
    assert "did not end" in found["error"]


def test_the_networks_are_as_large_as_ours():
    from etude import registry
    from etude.shapes import Spec

    image = Spec("image", (1, 28, 28), 10)
    seen = {"mlp": Spec("vector", (784,), 10), "lstm": Spec("sequence", (28, 28), 10)}
    for name, build in networks.NETWORKS.items():
        architecture, spec = registry.load("model", name), seen.get(name, image)
        fields = dict(word.removeprefix("model.").split("=") for word in programs.NETWORKS[name])
        preset = fields.pop("preset", None)
        given = architecture.presets[preset](spec).model if preset else _parsed(fields)
        ours = architecture.build(architecture.config.model_validate_json(_json(given)), spec)
        assert networks.count(build()) == networks.count(ours), name


def _parsed(fields):
    from etude.flags import value

    return {key: value(text) for key, text in fields.items()}


def _json(fields):
    import json

    return json.dumps(dict(fields))


def test_the_clock_leaves_out_the_first_steps(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(program.time, "perf_counter", lambda: now[0])
    clock = program.Clock(batch=10)
    clock.start()
    for step in range(program.WARM + 10):
        now[0] += 5.0 if step < program.WARM else 0.5
        clock.step()
    speeds = clock.speeds()
    assert speeds["samples_per_second"] == pytest.approx(20)
    assert speeds["samples_per_second_all"] == pytest.approx(300 / 105)


# The peers' environment -------------------------------------------------------------------------


def test_a_group_that_cannot_be_installed_leaves_the_others():
    wanted = environment.groups("# a comment\n# [one]\nx==1\ny==2\n\n# [two]\nz==3\n")
    assert wanted == {"one": ["x==1", "y==2"], "two": ["z==3"]}
    asked = []

    def by(requirements):
        asked.append(requirements)
        return "no matching distribution" if "z==3" in requirements else ""

    state = environment.install(wanted, {}, by)
    assert state["one"]["failure"] == ""
    assert state["two"]["failure"] == "cannot be installed: no matching distribution"
    environment.install(wanted, state, by)
    assert asked == [["x==1", "y==2"], ["z==3"], ["z==3"]], "what is there is not asked for again"


def test_every_peer_has_a_group_and_a_file():
    wanted = environment.groups((environment.HOME / "requirements.txt").read_text())
    for each in programs.PROGRAMS.values():
        assert (common.HOME / each.file).is_file()
        assert not each.group or each.group in wanted
    assert all("==" in line for lines in wanted.values() for line in lines)
