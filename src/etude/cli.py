"""The command line: flags made from the recipe; it speaks only to the verbs.

`key=value` and `--key value` are the same. Results go to stdout, progress and errors to stderr.
Importing this imports no torch: verbs are loaded when one is called.
"""

import inspect
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from etude.draw.terminal import brief, numbers, table
from etude.errors import UsageError, plain
from etude.exits import exits, spoken_for
from etude.flags import (
    Data,
    Flags,
    Json,
    Lang,
    MemberFlags,
    Sample,
    Seed,
    Sets,
    Several,
    SkipBad,
    given,
    spelled,
    whole,
)

LEARN, USE, SEE = Group("Train", sort_key=1), Group("Use", sort_key=2), Group("See", sort_key=3)

app = App(
    name="etude",
    help="The canonical networks of deep learning, played properly.",
    version_flags=["--version"],
    help_epilogue="Examples:\n\n"
    "etude train cnn --data digits\n\n"
    "etude train vit --data photos/ model.depth=4 epochs=20\n\n"
    "etude compare --model mlp --data curve --optimizer sgd,momentum,adam\n\n"
    "etude predict runs/cnn-digits picture.png",
    print_error=False,
    exit_on_error=False,
    result_action="return_value",
)


Command = Callable[..., None]


def verb(group: Group, name: str | None = None) -> Callable[[Command], Command]:
    """Register a function as a command: its docstring is the help, its examples come last."""

    def register(function: Command) -> Command:
        text, _, examples = inspect.cleandoc(function.__doc__ or "").partition("Examples:")
        closing = f"Examples:{examples}" if examples else ""
        app.command(function, name=name, group=group, help=text, help_epilogue=closing)
        return function

    return register


def say(value: Any) -> None:
    """One JSON value on stdout."""
    if not spoken_for():
        print(json.dumps(value, ensure_ascii=False))


@verb(LEARN)
def train(
    model: str | None = None,
    /,
    *,
    data: Data = None,
    name: Annotated[str | None, Parameter(help="the run's folder under ./runs")] = None,
    seed: Seed = None,
    first_aid: Annotated[
        Literal["dry-run", "overfit", "lr"] | None,
        Parameter(help="only look: one step; can it learn one batch; which learning rate"),
    ] = None,
    skip_bad: SkipBad = False,
    flags: Flags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train a network, test it once, and keep all of it under ./runs.

    MODEL is a name from `etude list`, or a recipe file. Every field of the recipe can be set by its
    path: model.depth=4, data.augment=flip,translate, train.clip=1.

    Examples:

    etude train mlp --data digits

    etude train vit --data fashion-mnist --epochs 15 model.patch=4 --name my-vit

    etude train lstm --data series model.preset=notes

    etude train cnn --data my-photos/ data.size=64 data.augment=flip

    etude train runs/my-vit/recipe.json --seed 1

    etude train cnn --data digits --first-aid lr
    """
    from etude import verbs

    fields = given(flags, sets, seed, skip_bad)
    if first_aid:
        found = verbs.first_aid(first_aid, model, data, **fields)
        if as_json:
            say(found)
        else:
            for key, entry in found.items():
                print(f"{key}: {brief(entry)}")
        return
    run = verbs.train(model, data, name=name, quiet=as_json, lang=lang, **fields)
    finish(run, as_json, lang)


def finish(run: Any, as_json: bool, lang: Any) -> None:
    """Say what a run came to."""
    from etude import verbs

    if spoken_for():
        return
    if as_json:
        say(verbs.summary(run))
        return
    for line in verbs.said(run, lang):
        print(plain(line))
    print(f"{run.seconds:.1f} s of training, {run.samples_per_second:,.0f} samples/s")
    print(run.folder.report)


@verb(LEARN)
def compare(
    *,
    model: Several = None,
    data: Data = None,
    optimizer: Several = None,
    name: Annotated[str | None, Parameter(help="the folder under ./runs")] = None,
    seed: Several = None,
    skip_bad: SkipBad = False,
    flags: MemberFlags = None,
    sets: Sets = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train several from the same start on the same batches, and draw them side by side.

    Examples:

    etude compare --model mlp --data curve --optimizer sgd,momentum,adam

    etude compare --model mlp,cnn,vit --data digits --seed 0,1,2
    """
    from etude import verbs

    found = verbs.compare(
        model=model,
        data=data,
        optimizer=optimizer,
        seed=seed,
        name=name,
        quiet=as_json,
        lang=lang,
        **given(flags, sets, skip_bad=skip_bad),
    )
    if as_json:
        say({"run": str(found.path), "members": [verbs.summary(run) for run in found.runs]})
        return
    table(verbs.table(found, lang))
    print(found.path / "report.html")


@verb(LEARN)
def resume(run: str, /, *, lang: Lang = "en", as_json: Json = False) -> None:
    """Go on with a run that was stopped or killed, as if it had not been.

    Examples:

    etude resume runs/cnn-digits
    """
    from etude import verbs

    finish(verbs.resume(run, quiet=as_json, lang=lang), as_json, lang)


@verb(USE)
def predict(
    run: str,
    /,
    *inputs: str,
    as_json: Json = False,
) -> None:
    """What a trained run says of your own files (or numbers).

    INPUTS: images, folders of images, .npy, .npz or .ts files, or plain numbers for a function.

    Examples:

    etude predict runs/cnn-digits three.png seven.png

    etude predict runs/mlp-curve 0.5 1.5
    """
    from etude import verbs

    if not inputs:
        raise UsageError("Nothing to predict.", do="Give files or numbers after the run.")
    answers = verbs.load(run).predict(list(inputs))
    if as_json:
        say(answers)
        return
    for answer in answers:
        if "label" in answer:
            print(plain(f"{answer['input']}: {answer['label']} ({answer['probability']:.1%})"))
        else:
            print(plain(f"{answer['input']}: {numbers(answer['value'])} {answer['unit']}"))


@verb(USE)
def generate(
    run: str,
    /,
    *,
    count: Annotated[
        int, Parameter(help="how many images", name=["--count", "-n"], converter=whole)
    ] = 64,
    seed: Annotated[int, Parameter(help="decides the noise", converter=whole)] = 0,
    out: Annotated[Path | None, Parameter(help="where the sheet of images goes (.png)")] = None,
    as_json: Json = False,
) -> None:
    """New images from a trained autoencoder: a sheet, and the arrays beside it.

    Examples:

    etude generate runs/aae-digits --count 16 --out new.png
    """
    from etude import verbs

    if count < 1:
        raise UsageError(f"--count {count}: at least 1 image.")
    if not 0 <= seed < 2**63:
        raise UsageError(f"--seed {seed}: a seed is a whole number from 0, below 2^63.")
    places = [str(place) for place in verbs.generate(run, count, seed, out)]
    if as_json:
        say({"run": run, "count": count, "seed": seed, "files": places})
    else:
        print("\n".join(places))


@verb(USE)
def look(
    run: str,
    /,
    *,
    view: Several = None,
    sample: Sample = None,
    out: Annotated[Path | None, Parameter(help="the folder the pictures go to")] = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Pictures of what is inside a trained run, and the arrays behind them.

    Without --view, all that fit the run. Files: NAME.png, NAME-dark.png, NAME.npz.

    Examples:

    etude look runs/vit-digits

    etude look runs/vit-digits --view attention --sample 17

    etude look runs/cnn-digits --view class-map,features --sample three.png --out here
    """
    from etude import verbs

    names = None if view is None else [name.strip() for name in view.split(",")]
    found = verbs.look(run, names, sample, out, lang)
    if as_json:
        say(found)
        return
    for each in found["pictures"]:
        print(plain(f"{each['name']}: {each['alt']}"))
        print(plain(f"  {each['files'][0]}"))


@verb(SEE)
def report(run: str, /, *, lang: Lang = "en", as_json: Json = False) -> None:
    """Draw a finished run's pictures and report anew, in English or Korean.

    Examples:

    etude report runs/cnn-digits --lang ko
    """
    from etude import verbs

    place = str(verbs.report(run, lang))
    say({"run": run, "report": place}) if as_json else print(place)


@verb(USE)
def evaluate(run: str, /, *, as_json: Json = False) -> None:
    """Test a trained run again on its test data.

    Examples:

    etude evaluate runs/cnn-digits --json
    """
    from etude import verbs

    metrics = verbs.evaluate_again(run)
    if as_json:
        say(metrics)
        return
    for key, found in metrics.items():
        if isinstance(found, int | float | str):
            print(f"{key}: {found}")


@verb(SEE, "list")
def list_(*, as_json: Json = False) -> None:
    """Models, data and runs that are here.

    Examples:

    etude list
    """
    from etude import verbs

    found = verbs.listing()
    if as_json:
        say(found)
        return
    for kind, entries in found.items():
        print(f"{kind}:")
        for entry, about in entries.items():
            print(plain(f"  {entry:<24} {about}"))
        if not entries:
            print("  none yet: etude train mlp --data digits")


@verb(SEE)
def tour(
    *,
    name: Annotated[str, Parameter(help="the folder under ./runs")] = "tour",
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train every network of the notes on embedded data: about three minutes on two cores.

    Examples:

    etude tour --name first
    """
    from etude import verbs

    found = verbs.tour(name, quiet=as_json, lang=lang)
    if as_json:
        say({"run": str(found.path), "members": [verbs.summary(run) for run in found.runs]})
        return
    table(verbs.table(found, lang))
    seconds = sum(run.seconds for run in found.runs)
    print(f"{seconds:.0f} s of training in all\n{found.path / 'report.html'}")


@verb(SEE)
def env(*, as_json: Json = False) -> None:
    """Versions and machine, for a report of a bug.

    Examples:

    etude env --json
    """
    from etude import verbs

    found = verbs.env()
    if as_json:
        say(found)
        return
    packages = found.pop("packages")
    for key, text in {**found, **packages}.items():
        print(f"{key}: {text}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: see errors.py."""
    # Threads that wait actively for long starve each other when anything else runs on the machine;
    # those that sleep at once double the time of a small network's step. So: a short wait.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    with exits():
        try:
            app(spelled(sys.argv[1:] if arguments is None else arguments))
        except CycloptsError as error:
            raise UsageError(str(error), do="etude --help, or --help after a command") from None
