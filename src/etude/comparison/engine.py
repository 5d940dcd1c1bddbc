"""The life of a duel: what was asked becomes a plan, the plan is played to its end, and what was
found is drawn."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from etude import pipeline, registry
from etude.comparison import curves, findings, protocol, request, workers
from etude.comparison.journal import Ledger, Named, Plan
from etude.comparison.protocol import Contender
from etude.comparison.request import Asked, Duel
from etude.comparison.run_spec import Member
from etude.comparison.shared_queue import Board
from etude.comparison.workers import Engine, Note, Pool
from etude.errors import Interrupted, NumericsError, RunError, Stopped
from etude.inference.run import Run
from etude.locale.texts import Lang
from etude.recipe import draft
from etude.render.progress import Tally
from etude.runs.folder import begun
from etude.runs.provenance import differences, environment
from etude.system.limits import cores


def engine_for(ledger: Ledger, count: int, pool: Pool) -> Engine:
    """What runs these members: the one place where that is chosen.

    Posted on a storage where one is given. Else one worker is this process; several are processes
    of their own.
    """
    if ledger.plan.storage:
        return Board(ledger.plan.storage, ledger.path.name, pool.note)
    return workers.here if count == 1 else pool


# From what was asked to a plan --------------------------------------------------------------------


def plan(asked: Asked, workers: int | None, storage: str, note: Note) -> Plan:
    """Who takes part, each recipe checked and whole, before anything is begun. Raises EtudeError.

    workers: how many there should be side by side. storage: where they are posted. note: is told of
    data and choices.
    """
    rules = asked.rules
    found = request.members(asked.axes, alone=rules is not None)
    fields = {"train.threads": 1, **asked.fields}
    drafts = {label: _drafted(chosen, fields) for label, chosen in found.items()}
    for mapping in drafts.values():  # what one member cannot do, none begins with
        for schedule in rules.schedules if rules else (None,):
            train = mapping.get("train", {})
            registry.complete({**mapping, "train": {**train, **_given(schedule=schedule)}})
    settled: dict[str, tuple[dict[str, Any], str]] = {}
    for mapping in drafts.values():
        if (pair := _pair(mapping)) not in settled:
            whole, goal, said = pipeline.resolve(mapping)
            settled[pair] = whole, goal
            for line in said.splitlines():
                note(f"{whole['model']['name']}: {line}")
    if rules:
        contenders = tuple(_contender(k, m, *settled[_pair(m)]) for k, m in drafts.items())
        who: dict[str, Any] = {"rules": rules, "contenders": contenders}
        return Plan(**who, workers=workers, storage=storage, environment=environment())
    members = tuple(
        Named(label=k, mapping=_as_settled(m, settled[_pair(m)][0])) for k, m in drafts.items()
    )
    rate = next(iter(settled.values()))[0]["train"]["lr"]
    return Plan(
        members=members,
        warning=request.warning(asked.axes, rate),
        workers=workers,
        storage=storage,
        environment=environment(),
    )


def _drafted(chosen: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
    """One member's recipe, as far as it is given."""
    own: dict[str, Any] = dict(fields)
    if "optimizer" in chosen:
        own["train.optimizer"] = chosen["optimizer"]
    if "seed" in chosen:
        own["seed"] = request.seeds(chosen["seed"])[0]
    return draft(chosen.get("model"), chosen.get("data"), fields=own)


def _given(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _pair(mapping: Mapping[str, Any]) -> str:
    """Model and data: what the choices of a recipe depend on."""
    return repr((mapping["model"], mapping["data"]))


def _contender(
    label: str, mapping: Mapping[str, Any], whole: Mapping[str, Any], goal: str
) -> Contender:
    """A drafted recipe, made whole as its pair was."""
    train = {**whole["train"], **_given(optimizer=mapping["train"].get("optimizer"))}
    full = {**whole, "train": train}
    return Contender(label=label, mapping=full, goal=goal, default=train["lr"])


def _as_settled(mapping: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """A drafted recipe with what was measured for its pair, which may come out otherwise each
    time."""
    measured = {key: whole["train"][key] for key in ("device", "precision", "compile")}
    return {**mapping, "train": {**mapping.get("train", {}), **measured}}


# From the plan to outcomes ------------------------------------------------------------------------


def begin(place: Path, plan: Plan) -> Ledger:
    """The folder of a new duel, locked. Raises RunError if it is taken."""
    return Ledger.create(place, plan)


def play(ledger: Ledger, quiet: bool, lang: Lang = "en") -> Duel:
    """All that is not done yet, then the report. The folder is given back at the end.

    Raises Interrupted and Stopped after saving; `etude resume` goes on.
    """
    path, known = ledger.path, ledger.known
    try:
        with Tally(path.name, quiet) as tally, Pool(tally.note) as pool:
            for line in differences(ledger.plan.environment, environment()):
                tally.note(f"bytes may differ from an unbroken comparison: {line}")
            _rounds(ledger, tally, pool)
        return drawn(ledger, lang)
    except (Interrupted, Stopped) as error:
        raise _left(type(error), path, len(known)) from None
    except KeyboardInterrupt:
        raise _left(Interrupted, path, len(known)) from None
    finally:
        ledger.folder.release()


def _left(kind: type[Interrupted] | type[Stopped], path: Path, done: int) -> Interrupted | Stopped:
    return kind(
        f"{path}: stopped and saved, {done} runs done.", do=f"Go on with it: etude resume {path}"
    )


def _rounds(ledger: Ledger, tally: Tally, pool: Pool) -> None:
    """Ask the course what is called for, have it run, and again, until nothing is."""
    plan, folder = ledger.plan, ledger.folder
    ledger.starts()
    if plan.rules is None:
        _run(ledger, "runs", plan.whole(), folder.path, tally, pool)
        return
    rules, contenders = plan.rules, plan.contenders
    while ledger.lacks(asked := protocol.search(contenders, rules, ledger.known)):
        _run(ledger, "search", asked, folder.search, tally, pool)
    asked = protocol.finals(contenders, rules, ledger.known)
    _run(ledger, "finals", asked, folder.path, tally, pool)


def _run(
    ledger: Ledger, stage: str, asked: list[Member], place: Path, tally: Tally, pool: Pool
) -> None:
    """Run those whose outcome is not known yet."""
    todo = ledger.lacks(asked)
    if not todo:
        return
    tally.begins(stage, len(asked) - len(todo), len(asked))
    count = min(_workers(ledger.plan, todo), len(todo))
    engine = engine_for(ledger, count, pool)
    with closing(engine(todo, place, count)) as outcomes:  # type: ignore[type-var]
        for outcome in outcomes:
            ledger.add(stage, outcome)
            best = "diverged" if outcome.best is None else f"{outcome.best:.4g}"
            tally.one(f"{outcome.label}: {best}")


def _workers(plan: Plan, members: Sequence[Member]) -> int:
    """As many as were asked for, else a core each; on a GPU one."""
    if plan.workers is not None:
        return plan.workers
    train = members[0].mapping["train"]
    if train.get("device", "cpu") != "cpu":
        return 1
    return max(1, cores() // int(train.get("threads") or 1))


# From outcomes to a report ------------------------------------------------------------------------


def drawn(ledger: Ledger, lang: Lang = "en") -> Duel:
    """The report of a duel that has ended, and what it found. Raises NumericsError where every run
    diverged."""
    plan, known, path = ledger.plan, ledger.known, ledger.path
    diverged = {label: one.diverged for label, one in known.items() if one.diverged}
    if plan.rules is None:
        labels = [each.label for each in plan.members if each.label not in diverged]
        _must_have_some(labels, path, diverged)
        if away := [label for label in labels if not begun(path / label)]:
            raise RunError(
                f"{path}: all runs are made, but not all on this machine.",
                do=f"Copy their folders into {path}, then: etude report {path}",
                items=away,
            )
        runs = [Run(path / label) for label in labels]
        warning = request.unfair(runs[0].recipe.train.lr, lang) if plan.warning else ""
        curves.draw(path, dict(zip(labels, runs)), warning, lang, diverged)
        return Duel(path, labels, runs, {}, diverged, ledger.spent, warning)
    found = protocol.findings(plan.contenders, plan.rules, known)
    tests = protocol.finals(plan.contenders, plan.rules, known)
    labels = [m.label for m in tests if known[m.label].test is not None]
    _must_have_some(labels, path, diverged)
    labels = [label for label in labels if begun(path / label)]  # others stay where they were made
    runs = [Run(path / label) for label in labels]
    findings.draw(path, found, dict(zip(labels, runs)), ledger.spent, lang)
    return Duel(path, labels, runs, found, diverged, ledger.spent)


def _must_have_some(runs: Sequence[str], path: Path, diverged: Mapping[str, str]) -> None:
    if not runs:
        raise NumericsError(
            f"{path}: every run diverged.",
            do="Try lower learning rates.",
            items=[f"{label}: {why}" for label, why in diverged.items()],
        )


def again(path: Path, quiet: bool, lang: Lang = "en") -> Duel:
    """Go on with a duel that was stopped or killed."""
    return play(Ledger.again(path), quiet, lang)


def redrawn(path: Path, lang: Lang = "en") -> Path:
    """Draw the report of a duel that has ended anew. Raises RunError if it has not."""
    ledger = Ledger.again(path)
    try:
        _must_have_ended(ledger)
        drawn(ledger, lang)
    finally:
        ledger.folder.release()
    return ledger.folder.report


def _must_have_ended(ledger: Ledger) -> None:
    plan = ledger.plan
    asked = plan.whole()
    if plan.rules:
        asked = protocol.search(plan.contenders, plan.rules, ledger.known)
        if not ledger.lacks(asked):
            asked = protocol.finals(plan.contenders, plan.rules, ledger.known)
    if left := ledger.lacks(asked):
        raise RunError(
            f"{ledger.path}: this comparison is unfinished ({len(left)} runs and more to do).",
            do=f"Go on with it: etude resume {ledger.path}",
        )
