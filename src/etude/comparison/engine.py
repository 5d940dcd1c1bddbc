"""Runs a comparison: turns a request into a plan, trains every run of the plan, and writes a report
of the results."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from etude import assembly, pipeline
from etude.comparison import curves, findings, protocol, request, standings, workers
from etude.comparison.journal import Journal, NamedRecipe, Plan
from etude.comparison.protocol import Contender
from etude.comparison.request import Comparison, ComparisonRequest
from etude.comparison.run_spec import Outcome, PlainRecipe, RunSpec
from etude.comparison.workers import Engine, Note, ProcessEngine
from etude.errors import Interrupted, NumericsError, RunError, Stopped
from etude.inference.run import Run
from etude.locale.texts import Lang, Sentence, Text, text
from etude.recipe import Recipe, draft
from etude.render.progress import Tally
from etude.runs.folder import is_run
from etude.runs.provenance import differences, environment
from etude.system.limits import cores
from etude.training.distributed import ALONE


def engine_for(journal: Journal, count: int, processes: ProcessEngine) -> Engine:
    """Choose the engine that runs `count` workers. Nothing else makes this choice.

    With a storage, runs are posted to the shared queue. Without one, a single worker is this
    process, and several workers are separate processes.
    """
    if journal.plan.storage:
        # Optuna is an extra: only a comparison with a storage needs it.
        from etude.comparison.shared_queue import SharedQueue

        return SharedQueue(journal.plan.storage, journal.path.name, processes.note)
    return workers.in_this_process if count == 1 else processes


# From a request to a plan -------------------------------------------------------------------------


def plan(comparison: ComparisonRequest, workers: int | None, storage: str, note: Note) -> Plan:
    """Complete and check the recipe of every run before any of them starts. Raises EtudeError.

    workers: number of parallel workers, None for one per core. storage: database URL of the shared
    queue, or "". note: receives messages about the data and the automatic choices.
    """
    rules = comparison.rules
    chosen_values = request.combinations(comparison.axes, alone=rules is not None)
    # One thread per run: the sum of floats depends on the number of threads, so results would
    # otherwise depend on the machine; the parallelism comes from the workers.
    fields = {"train.threads": 1, **comparison.fields}
    drafts = {label: _draft(chosen, fields) for label, chosen in chosen_values.items()}
    # An invalid recipe must fail here, and not after the runs before it have been trained.
    for mapping in drafts.values():
        for schedule in rules.schedules if rules else (None,):
            train = mapping.get("train", {})
            assembly.read_draft({**mapping, "train": {**train, **_without_none(schedule=schedule)}})
    # Resolving loads the data and may measure the hardware, so it happens once per model and data.
    resolved: dict[str, tuple[Recipe, str]] = {}
    for mapping in drafts.values():
        if (pair := _model_and_data(mapping)) not in resolved:
            parts = assembly.prepare(assembly.read_draft(mapping), ALONE)
            resolved[pair] = parts.recipe, parts.task.metric.name
            for line in pipeline.messages(parts):
                note(text("pipeline.about", name=parts.recipe.model.name, line=line))
    if rules:
        contenders = tuple(
            _contender(k, m, *resolved[_model_and_data(m)]) for k, m in drafts.items()
        )
        return Plan(
            rules=rules,
            contenders=contenders,
            workers=workers,
            storage=storage,
            environment=environment(),
        )
    members = tuple(
        NamedRecipe(label=k, mapping=_with_measured_choices(m, resolved[_model_and_data(m)][0]))
        for k, m in drafts.items()
    )
    rate = next(iter(resolved.values()))[0].train.lr
    return Plan(
        members=members,
        warning=request.warning(comparison.axes, rate),
        workers=workers,
        storage=storage,
        environment=environment(),
    )


def _draft(chosen: Mapping[str, str], fields: Mapping[str, object]) -> PlainRecipe:
    """The draft of one recipe, from the axis values of this run and the fields of all runs."""
    run_fields = dict(fields)
    if "optimizer" in chosen:
        run_fields["train.optimizer"] = chosen["optimizer"]
    if "seed" in chosen:
        run_fields["seed"] = request.seeds(chosen["seed"])[0]
    return draft(chosen.get("model"), chosen.get("data"), fields=run_fields)


def _without_none(**fields: object) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def _model_and_data(mapping: PlainRecipe) -> str:
    """A key of the model and the data, on which the automatic choices of a recipe depend."""
    return repr((mapping["model"], mapping["data"]))


def _contender(label: str, mapping: PlainRecipe, recipe: Recipe, goal: str) -> Contender:
    """A contender: the complete recipe of its model and data, with its own optimizer."""
    plain = recipe.plain()
    # `recipe` was completed once per model and data, so its optimizer is that of another contender.
    optimizer = _without_none(optimizer=mapping["train"].get("optimizer"))
    full = {**plain, "train": {**plain["train"], **optimizer}}
    return Contender(label=label, mapping=full, goal=goal, default=recipe.train.lr)


def _with_measured_choices(mapping: PlainRecipe, recipe: Recipe) -> PlainRecipe:
    """A draft with the hardware choices that were measured for its model and data.

    They are stored because a measurement can come out differently next time, and a resumed
    comparison must train every run in the same way.
    """
    train = recipe.train
    measured = {"device": train.device, "precision": train.precision, "compile": train.compile}
    return {**mapping, "train": {**mapping.get("train", {}), **measured}}


# From a plan to outcomes --------------------------------------------------------------------------


def begin(place: Path, plan: Plan) -> Journal:
    """Create and lock the folder of a new comparison. Raises RunError if the folder is taken."""
    return Journal.create(place, plan)


def run(journal: Journal, quiet: bool, lang: Lang = "en") -> Comparison:
    """Train every run that has no outcome yet, then write the report; unlock the folder at the end.

    Raises Interrupted or Stopped once the current runs are saved; `etude resume` continues.
    """
    path, outcomes = journal.path, journal.outcomes
    try:
        # One pool for both stages of a comparison by rules: its workers load torch only once.
        with Tally(path.name, quiet, lang) as tally, ProcessEngine(tally.note) as processes:
            for line in differences(journal.plan.environment, environment()):
                tally.note(text("pipeline.surroundings.comparison", difference=line))
            _run_stages(journal, tally, processes)
        return conclude(journal, lang)
    except (Interrupted, Stopped) as error:
        # The error of one run would name that run; the user resumes the whole comparison.
        raise _stop_error(type(error), path, len(outcomes)) from None
    except KeyboardInterrupt:
        raise _stop_error(Interrupted, path, len(outcomes)) from None
    finally:
        journal.folder.release()


def _stop_error(
    kind: type[Interrupted] | type[Stopped], path: Path, done: int
) -> Interrupted | Stopped:
    return kind(
        text("comparison.stopped.done", path=path, done=done),
        do=text("comparison.resume.do", path=path),
    )


def _run_stages(journal: Journal, tally: Tally, processes: ProcessEngine) -> None:
    """Run the stages of the plan: "runs", or "search" and then "finals"."""
    plan, folder = journal.plan, journal.folder
    journal.start_clock()
    if plan.rules is None:
        _run_stage(journal, "runs", plan.run_specs(), folder.path, tally, processes)
        return
    rules, contenders = plan.rules, plan.contenders
    # A best rate at the edge extends the rates, so the list of runs grows until it is stable.
    while journal.missing(specs := protocol.search_specs(contenders, rules, journal.outcomes)):
        _run_stage(journal, "search", specs, folder.search, tally, processes)
    specs = protocol.final_specs(contenders, rules, journal.outcomes)
    _run_stage(journal, "finals", specs, folder.path, tally, processes)


def _run_stage(
    journal: Journal,
    stage: str,
    specs: list[RunSpec],
    place: Path,
    tally: Tally,
    processes: ProcessEngine,
) -> None:
    """Train the runs of one stage that have no outcome yet, and record each outcome."""
    todo = journal.missing(specs)
    if not todo:
        return
    tally.begins(text(f"comparison.stage.{stage}"), len(specs) - len(todo), len(specs))
    # At most one per run: for a single run `engine_for` then starts no process.
    count = min(_workers(journal.plan, todo), len(todo))
    engine = engine_for(journal, count, processes)
    # An engine is a generator: where recording an outcome fails, closing it restores the signal
    # handlers at once, instead of whenever the generator is collected.
    with closing(engine(todo, place, count)) as outcomes:  # type: ignore[type-var]
        for outcome in outcomes:
            journal.add(stage, outcome)
            tally.one(_progress(outcome))


def _progress(outcome: Outcome) -> Text:
    if outcome.best is None:
        return text("comparison.outcome.diverged", label=outcome.label)
    return text("comparison.outcome", label=outcome.label, best=outcome.best)


def _workers(plan: Plan, specs: Sequence[RunSpec]) -> int:
    """Number of workers: as requested, else one per core, or one on a GPU, which is shared."""
    if plan.workers is not None:
        return plan.workers
    train = specs[0].mapping["train"]
    if train.get("device", "cpu") != "cpu":
        return 1
    return max(1, cores() // int(train.get("threads") or 1))


# From outcomes to a report ------------------------------------------------------------------------


def conclude(journal: Journal, lang: Lang = "en") -> Comparison:
    """Write the report of a finished comparison and return its results.

    Raises NumericsError if every run diverged; RunError if folders of runs are on other machines.
    """
    plan, outcomes, path = journal.plan, journal.outcomes, journal.path
    diverged = {label: one.diverged for label, one in outcomes.items() if one.diverged}
    if plan.rules is None:
        labels = [each.label for each in plan.members if each.label not in diverged]
        _require_runs(labels, path, diverged)
        if elsewhere := [label for label in labels if not is_run(path / label)]:
            raise RunError(
                text("comparison.elsewhere", path=path),
                do=text("comparison.elsewhere.do", path=path),
                items=elsewhere,
            )
        runs = [Run(path / label) for label in labels]
        warning = request.one_rate_warning(runs[0].recipe.train.lr) if plan.warning else ""
        curves.write_report(path, dict(zip(labels, runs)), warning, lang, diverged)
        return Comparison(path, labels, runs, None, diverged, journal.seconds, warning)
    result = standings.findings(plan.contenders, plan.rules, outcomes)
    tests = protocol.final_specs(plan.contenders, plan.rules, outcomes)
    labels = [m.label for m in tests if outcomes[m.label].test is not None]
    _require_runs(labels, path, diverged)
    # A worker on another machine keeps its run folders there. The findings come from the outcomes
    # alone, so only the curves of those runs are missing from the report.
    labels = [label for label in labels if is_run(path / label)]
    runs = [Run(path / label) for label in labels]
    findings.write_report(path, result, dict(zip(labels, runs)), journal.seconds, lang)
    return Comparison(path, labels, runs, result, diverged, journal.seconds)


def _require_runs(runs: Sequence[str], path: Path, diverged: Mapping[str, Sentence]) -> None:
    if not runs:
        raise NumericsError(
            text("comparison.diverged", path=path),
            do=text("comparison.diverged.do"),
            items=[text("comparison.reason", name=k, why=why) for k, why in diverged.items()],
        )


def resume(path: Path, quiet: bool, lang: Lang = "en") -> Comparison:
    """Resume a comparison that was stopped or killed."""
    return run(Journal.reopen(path), quiet, lang)


def rewrite_report(path: Path, lang: Lang = "en") -> Path:
    """Write the report of a finished comparison again and return its path. Raises RunError if runs
    are missing."""
    journal = Journal.reopen(path)
    try:
        _require_finished(journal)
        conclude(journal, lang)
    finally:
        journal.folder.release()
    return journal.folder.report


def _require_finished(journal: Journal) -> None:
    plan = journal.plan
    specs = plan.run_specs()
    if plan.rules:
        specs = protocol.search_specs(plan.contenders, plan.rules, journal.outcomes)
        # The final runs depend on the best rates, which only a complete search determines.
        if not journal.missing(specs):
            specs = protocol.final_specs(plan.contenders, plan.rules, journal.outcomes)
    if todo := journal.missing(specs):
        raise RunError(
            text("comparison.unfinished", path=journal.path, count=len(todo)),
            do=text("comparison.resume.do", path=journal.path),
        )
