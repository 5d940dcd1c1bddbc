"""Commands that check code: yours, and our own layers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from etude.cli.app import SEE, USE, say, verb
from etude.errors import UsageError, plain
from etude.flags import Json, Lang, value
from etude.locale.texts import say as said
from etude.render.terminal import table


@verb(USE)
def check(
    what: str,
    /,
    *words: str,
    role: Annotated[
        str | None, Parameter(name="--as", help="role of the code: attention, encoder_block, ...")
    ] = None,
    adapter: Annotated[
        Path | None, Parameter(help="a file with build() and call(it, *inputs)")
    ] = None,
    report: Annotated[Path | None, Parameter(help="file for a report (.html)")] = None,
    seconds: Annotated[float, Parameter(help="time limit for each submission, in seconds")] = 10.0,
    lang: Lang = "en",
    as_json: Annotated[
        bool,
        Parameter(name="--json", negative="", help="print one JSON object, or write it (.json)"),
    ] = False,
) -> None:
    """Check whether your own layer, network or training step is right, and if not, why.

    WHAT: a file, FILE:Name for one class or function in it, or a folder of submissions. WORDS:
    parameter=value, for a parameter whose value étude cannot guess.

    Examples:

    etude check layers.py

    etude check layers.py:Block --as encoder_block dim=64

    etude check submissions --as vit --report marks.html --json marks.json
    """
    from etude import verbs

    given, place = words_of(words, as_json)
    verbs.place(report, "--report", (".html",))
    verbs.place(place, "--json", (".json",))
    found = verbs.marked(what, role, given, adapter, seconds=seconds, quiet=as_json and not place)
    verbs.marks_kept(found, report, place, lang)
    folder = Path(what).is_dir()
    if as_json and not place:
        say(found.plain() if folder else single(found))
    elif folder:
        table(verbs.marks_table(found, lang))
        print(said(lang, "marks_counts", **found.counts, count=len(found.rows)))
    else:
        print("\n".join(verbs.marks_said(found, lang)))
    for written in filter(None, (report, place)):
        if not as_json or place:
            print(plain(str(written)))
    raise SystemExit(found.exit_code)


def single(found: Any) -> dict[str, Any]:
    """The verdicts on one file, as JSON values."""
    [row] = found.plain()["submissions"]
    return {"verdicts": row["verdicts"], "holds": found.holds, "seconds": row["seconds"]}


def words_of(words: Sequence[str], as_json: bool) -> tuple[dict[str, Any], Path | None]:
    """Values of parameters, and where JSON goes."""
    given: dict[str, Any] = {}
    place = None
    for word in words:
        name, equals, text = word.partition("=")
        if equals and name.isidentifier():
            given[name] = value(text)
        elif as_json and place is None and word.endswith(".json"):
            place = Path(word)
        else:
            raise UsageError(f"{word!r}: a parameter and its value were expected, as dim=64.")
    return given, place


@verb(SEE)
def verify(*, as_json: Json = False) -> None:
    """Compare our own layers with independent references on this machine.

    Values and gradients, in every data type, on every device.

    Examples:

    etude verify
    """
    from etude import verbs

    found = verbs.verify(lambda proof: None if as_json else print(plain(str(proof))))
    wrong = [proof for proof in found if not proof.holds]
    if as_json:
        say({"proofs": [proof.plain() for proof in found], "wrong": len(wrong)})
    else:
        print(f"{len(found) - len(wrong)} of {len(found)} hold.")
    raise SystemExit(1 if wrong else 0)
