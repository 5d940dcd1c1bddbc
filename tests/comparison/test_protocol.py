"""The course of a duel as a pure function of outcomes: what is chosen, extended, equal and said."""

import json
import math
import re
from dataclasses import replace

import pytest

from etude.comparison import protocol, request, standings
from etude.comparison.pictures import time_sentence
from etude.comparison.protocol import Contender, Rules
from etude.comparison.run_spec import Outcome
from etude.comparison.standings import Choice, Extended, RunCounts
from etude.errors import UsageError

RATES, _ = request.rates(request.DEFAULT_RATES)
RULES = Rules(rates=RATES, schedules=("cosine",), seeds=(0, 1), fresh=(2, 3, 4, 5, 6))


def contender(label="adam", goal="accuracy", default=0.01):
    mapping = {"model": {"name": "mlp"}, "data": {"name": "digits"}, "train": {"epochs": 3}}
    return Contender(label=label, mapping=mapping, goal=goal, default=default)


def play(contenders, rules, value):
    """Run a whole duel on a table: value(member) -> validation and test goal, None: diverged."""
    known = {}

    def run(members):
        for m in members:
            if m.label not in known:
                found = value(m)
                good = {"val": (found or 0.0,), "seconds": (1.0,), "best": found}
                good["test"] = found if m.tested else None
                bad = {"diverged": "loss is not finite"}
                known[m.label] = Outcome(m.label, **(bad if found is None else good))

    while any(m.label not in known for m in protocol.search_specs(contenders, rules, known)):
        run(protocol.search_specs(contenders, rules, known))
    run(protocol.final_specs(contenders, rules, known))
    return standings.findings(contenders, rules, known), known


def hill(peak, wobble=0.0):
    """Best at this rate, falling off by the square of the decades."""

    def value(member):
        train = member.mapping["train"]
        decades = math.log10(train["lr"] / peak)
        return 0.9 - 0.05 * decades**2 + wobble * math.sin(7 * member.mapping["seed"])

    return value


def test_rates_are_half_a_decade_apart():
    assert RATES == (1e-4, 3.16e-4, 1e-3, 3.16e-3, 1e-2, 3.16e-2, 0.1, 0.316, 1.0)
    assert request.rates("1e-3..1e-2") == ((1e-3, 3.16e-3, 1e-2), True)
    assert request.rates("0.1,0.01") == ((0.01, 0.1), False)


@pytest.mark.parametrize(
    "text",
    ["1..1e-4", "0.1..0.1", "a..b", "0..1", "-1", "nan", "0.1,0.1", "1e-30..1e30", "", "1.."],
)
def test_a_wrong_rate_is_told(text):
    with pytest.raises(UsageError, match="--lr"):
        request.rates(text)


def test_the_best_rate_inside_is_chosen_and_nothing_is_extended():
    found, _ = play([contender()], RULES, hill(0.03))
    [one] = found.contenders
    assert one.chosen == Choice(0.0316, "cosine", pytest.approx(0.9, abs=1e-3), edge=False)
    assert one.extended == Extended(0, 0)
    assert one.runs == RunCounts(18, 10)


@pytest.mark.parametrize(
    ("peak", "down", "up", "rate", "edge"),
    [(3.16e-5, 2, 0, 3.16e-5, False), (1e-9, 3, 0, 3.16e-6, True), (10, 0, 3, 10, False),
     (1e9, 0, 3, 31.6, True), (1.0, 0, 1, 1.0, False)],
)  # fmt: skip
def test_an_edge_is_gone_beyond_three_times_at_most(peak, down, up, rate, edge):
    found, _ = play([contender()], RULES, hill(peak))
    [one] = found.contenders
    assert one.extended == Extended(down, up)
    assert (one.chosen.rate, one.chosen.edge) == (rate, edge)
    assert one.runs.search == 2 * (9 + down + up)


def test_exact_rates_are_not_extended():
    rules = RULES.model_copy(update={"rates": (0.001, 0.01), "extends": False})
    [one] = play([contender()], rules, hill(1.0))[0].contenders
    assert one.extended == Extended(0, 0)
    assert one.chosen.edge


def test_every_contender_is_searched_alike_and_tested_on_the_same_fresh_seeds():
    found, known = play([contender("sgd"), contender("adam")], RULES, hill(0.03))
    a, b = found.contenders
    assert a.runs == b.runs
    seeds = {label.rpartition("seed")[2] for label, one in known.items() if one.test is not None}
    assert seeds == {"2", "3", "4", "5", "6"}
    assert all(one.test is None for label, one in known.items() if label.endswith(("seed0", "d1")))


def test_the_default_rate_is_the_same_for_all_and_shares_runs_where_it_is_the_chosen_one():
    found, _ = play([contender(default=0.0316)], RULES, hill(0.03))
    [one] = found.contenders
    assert one.default.members == one.tuned.members
    assert one.runs.final == 5


def test_a_rate_with_a_diverged_seed_is_the_worst():
    def value(m):
        rate, seed = m.mapping["train"]["lr"], m.mapping["seed"]
        return None if rate > 0.02 and seed == 1 else hill(0.0316)(m)

    found, _ = play([contender()], RULES, value)
    [one] = found.contenders
    assert one.chosen.rate == 0.01
    bad = [point for point in one.grid if point.diverged]
    assert [p.rate for p in bad] == [0.0316, 0.1, 0.316, 1.0]
    assert all(point.score is None and point.values.count(None) == 1 for point in bad)


def test_where_all_diverge_lower_rates_are_tried_and_then_nothing_is_chosen():
    found, _ = play([contender("sgd"), contender("adam")], RULES, lambda m: (
        None if m.label.startswith("sgd") else hill(0.03)(m)
    ))  # fmt: skip
    sgd, adam = found.contenders
    assert (sgd.chosen, sgd.tuned, sgd.to_target) == (None, None, None)
    assert sgd.extended == Extended(3, 0)
    assert adam.chosen
    assert found.verdicts["tuned"] == []
    assert found.target is None


def test_of_equals_the_middle_is_chosen_and_no_edge_is_gone_beyond():
    found, _ = play([contender()], RULES, lambda m: 0.5)
    [one] = found.contenders
    assert (one.chosen.rate, one.extended) == (0.01, Extended(0, 0))


def test_where_lower_is_better_the_lowest_is_chosen():
    found, _ = play([contender(goal="mae")], RULES, lambda m: 1 - hill(0.03)(m))
    [one] = found.contenders
    assert one.chosen.rate == 0.0316
    assert one.chosen.score == pytest.approx(0.1, abs=1e-3)


def test_each_schedule_is_searched_and_the_better_one_chosen():
    rules = RULES.model_copy(update={"schedules": ("constant", "cosine")})

    def value(m):
        return hill(0.03)(m) + 0.01 * (m.mapping["train"]["schedule"] == "cosine")

    [one] = play([contender()], rules, value)[0].contenders
    assert one.chosen.schedule == "cosine"
    assert one.runs.search == 36
    assert one.default.schedule == "constant"


def test_equal_contenders_are_called_equal_and_a_better_one_better():
    two = [contender("sgd"), contender("adam")]

    def noisy(gap):
        def value(m):
            seed = m.mapping["seed"] + 31 * m.label.startswith("sgd")
            noise = 0.01 * math.sin(12.9898 * seed)
            return hill(0.03)(m) + noise + gap * m.label.startswith("adam")

        return value

    [pair] = play(two, RULES, noisy(0.0))[0].verdicts["tuned"]
    assert pair.verdict == "none"
    assert pair.interval[0] <= 0 <= pair.interval[1]
    [pair] = play(two, RULES, noisy(0.1))[0].verdicts["tuned"]
    assert (pair.verdict, pair.first) == ("some", "adam")


def test_a_changed_outcome_changes_the_verdict():
    """The saboteur: were the outcomes not read, this would pass unseen."""
    two = [contender("sgd"), contender("adam")]
    found, known = play(two, RULES, lambda m: hill(0.03)(m) + 0.05 * m.label.startswith("adam"))
    assert found.verdicts["tuned"][0].first == "adam"
    for label in found.contenders[0].tuned.members:
        known[label] = Outcome(label, val=(0.99,), seconds=(1.0,), best=0.99, test=0.999)
    assert standings.findings(two, RULES, known).verdicts["tuned"][0].first == "sgd"
    label = "sgd-lr0.001-seed0"
    known[label] = Outcome(label, val=(5.0,), seconds=(1.0,), best=5.0)
    changed = protocol.search_specs(two, RULES, known)
    assert len(changed) == 36
    assert protocol.best_point(two[0], RULES, RATES, known) == (0.001, "cosine")


def curves(two, rules, shape):
    """A duel whose members learn along shape(label, seed)."""
    _, known = play(two, rules, hill(0.03))
    for label, one in known.items():
        if one.test is not None:
            seed = int(label.rpartition("seed")[2])
            val = shape(label, seed)
            known[label] = Outcome(label, val, tuple(map(float, range(1, 5))), val[-1], val[-1])
    return standings.findings(two, rules, known)


def test_time_to_what_all_reach():
    two = [contender("sgd"), contender("adam")]
    slow, quick = (0.5, 0.6, 0.7, 0.8127), (0.5, 0.85, 0.9, 0.9)
    found = curves(two, RULES, lambda label, seed: slow if label.startswith("sgd") else quick)
    assert found.target == 0.812  # the worse one's best, to the side that it reaches
    sgd, adam = (one.to_target for one in found.contenders)
    assert (sgd.median_epochs, sgd.median_seconds, sgd.reached) == (4, 4.0, 5)
    assert (adam.median_epochs, adam.reached) == (2, 5)


def test_a_given_target_that_few_reach_has_no_median():
    rules = RULES.model_copy(update={"target": 0.95})
    best = (0.5, 0.6, 0.96, 0.96)
    found = curves([contender()], rules, lambda _, seed: best if seed < 4 else (0.5, 0.6, 0.7, 0.8))
    [one] = found.contenders
    assert one.to_target.reached == 2
    assert one.to_target.median_epochs is None
    assert one.to_target.epochs == (3, 3, None, None, None)
    assert found.target_given


def test_a_target_where_lower_is_better_is_one_that_is_reached():
    two = [contender("sgd", goal="mae"), contender("adam", goal="mae")]
    found = curves(two, RULES, lambda label, seed: (0.9, 0.5, 0.30129, 0.4))
    assert found.target == 0.302
    assert [one.to_target.median_epochs for one in found.contenders] == [3, 3]


def test_the_target_is_what_most_runs_of_the_slowest_reach():
    tops = {2: 0.9, 3: 0.9, 4: 0.7, 5: 0.6, 6: 0.5}
    found = curves([contender()], RULES, lambda _, seed: (0.1, 0.2, 0.3, tops[seed]))
    assert found.target == 0.7
    assert found.contenders[0].to_target.median_epochs == 4


def test_of_two_goals_nothing_is_said_across():
    found, _ = play([contender("a"), contender("b", goal="mae")], RULES, hill(0.03))
    assert (found.goal, found.verdicts, found.target) == ("", {}, None)


def test_findings_as_json_have_the_keys_of_version_0_1_0():
    two = [contender("sgd"), contender("adam")]
    found = play(two, RULES.model_copy(update={"target": 0.8}), hill(0.03))[0]
    plain = json.loads(json.dumps(found.plain()))
    assert list(plain) == ["goal", "rules", "target", "target_given", "contenders", "verdicts"]
    assert "target" not in plain["rules"] and plain["target_given"]
    assert list(plain["contenders"][0]) == [
        "label", "goal", "epochs", "default_rate", "grid", "extended", "runs", "chosen", "tuned",
        "default", "to_target",
    ]  # fmt: skip
    assert list(plain["verdicts"]["tuned"][0]) == [
        "first", "other", "low", "high", "gap", "runs", "pairs", "verdict",
    ]  # fmt: skip


def test_the_median_of_epochs_has_no_needless_digits():
    [one] = play([contender()], RULES.model_copy(update={"target": 0.8}), hill(0.03))[0].contenders
    assert time_sentence(one, one.to_target).startswith("adam 1 epoch (")
    later = replace(one.to_target, median_epochs=2.5)
    assert time_sentence(one, later).startswith("adam 2.5 epochs (")


# What is asked ------------------------------------------------------------------------------------


def asked(lr=None, schedule=None, seed=None, optimizers=1, target=None):
    more = {"optimizers": optimizers, "target": target, "warmup": None}
    return request.rules(lr, schedule, seed, **more)


def test_by_rules_when_rates_are_left_open_or_several():
    assert asked() is None
    assert asked(lr="0.01", optimizers=3) is None
    assert asked(optimizers=2).rates == RATES
    assert asked(lr="1e-3..1").extends
    assert not asked(lr="0.1,0.2").extends
    assert asked(schedule="constant,cosine", lr="0.1").rates == (0.1,)
    assert asked(optimizers=2).schedules == ("cosine",)


def test_fresh_seeds_come_after_those_of_the_search():
    rules = asked(optimizers=2, seed="0,7,2")
    assert (rules.seeds, rules.fresh) == ((0, 7, 2), (8, 9, 10, 11, 12))


def test_warm_up_is_none_unless_given_and_onecycle_keeps_its_own():
    who, rules = contender(), asked(optimizers=2, schedule="cosine,onecycle")
    made = {
        point[1]: protocol.run_spec(who, rules, point, 0) for point in protocol.points(rules, [0.1])
    }
    assert made["cosine"].mapping["train"]["warmup"] == 0.0
    assert "warmup" not in made["onecycle"].mapping["train"]
    assert made["cosine"].label == "adam-cosine-lr0.1-seed0"


@pytest.mark.parametrize(
    "wrong",
    [{"schedule": "cosine,cosine"}, {"optimizers": 2, "seed": "1,x"}, {"target": 0.9},
     {"optimizers": 2, "seed": str(2**31 - 1)}, {"optimizers": 2, "seed": "1,1"}],
)  # fmt: skip
def test_wrong_rules_are_told(wrong):
    with pytest.raises(UsageError):
        asked(**wrong)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: request.combinations({"model": "mlp"}),
        lambda: request.rates("a..b"),
        lambda: request.rates("1..1e-4"),
        lambda: request.seeds("1,x"),
        lambda: asked(target=0.9),
        lambda: Outcome.read({"label": "a", "val": [1.0]}),
    ],
)
def test_a_mistake_reads_korean_too(ask):
    with pytest.raises(UsageError) as caught:
        ask()
    korean = caught.value.message("ko").splitlines()
    assert all(re.search("[가-힣]", line) for line in korean)
