"""Commands that show what is there and what is inside."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from etude.cli.app import SEE, USE, say, verb
from etude.errors import plain
from etude.flags import Json, Lang, Moved, Sample, Several
from etude.render.terminal import table


@verb(USE)
def look(
    run: str,
    /,
    *,
    view: Several = None,
    sample: Sample = None,
    out: Annotated[Path | None, Parameter(help="folder for the pictures")] = None,
    data: Moved = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Draw what is inside a trained run, and save the arrays behind each picture.

    Without --view, draws every view that fits the run. Files: NAME.png, NAME-dark.png, NAME.npz.

    Examples:

    etude look runs/vit-digits

    etude look runs/vit-digits --view attention --sample 17

    etude look runs/cnn-digits --view class-map,features --sample three.png --out here
    """
    from etude import verbs

    names = None if view is None else [name.strip() for name in view.split(",")]
    found = verbs.look(run, names, sample, out, lang, data)
    if as_json:
        say(found)
        return
    for each in found["pictures"]:
        print(plain(f"{each['name']}: {each['alt']}"))
        print(plain(f"  {each['files'][0]}"))


@verb(SEE)
def report(run: str, /, *, data: Moved = None, lang: Lang = "en", as_json: Json = False) -> None:
    """Draw the pictures and the report of a finished run again, in English or Korean.

    Examples:

    etude report runs/cnn-digits --lang ko
    """
    from etude import verbs

    place = str(verbs.report(run, lang, data))
    say({"run": run, "report": place}) if as_json else print(place)


@verb(SEE, "list")
def list_(*, as_json: Json = False) -> None:
    """List models, tasks, data sets and runs, those of plugins (ETUDE_PLUGINS) included.

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
    name: Annotated[str, Parameter(help="name of the folder under ./runs")] = "tour",
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Train every built-in network on embedded data: about three minutes on two cores.

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
    print(f"{seconds:.0f} s of training in total\n{found.path / 'report.html'}")


@verb(SEE)
def env(*, as_json: Json = False) -> None:
    """Show versions and hardware, for a bug report.

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
