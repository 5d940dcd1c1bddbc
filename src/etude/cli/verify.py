"""Compare étude's own layers with independent references."""

import sys

import etude
from etude.cli.app import SEE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang
from etude.locale.texts import render, say


@command(SEE)
def verify(*, lang: Lang = "en", as_json: Json = False) -> None:
    """Compare our own layers with independent references on this machine.

    Examples:

    etude verify
    """
    proofs = etude.verbs.verify(
        lambda proof: None if as_json else print(plain(str(proof))),
        lambda note: print(plain(render(lang, note)), file=sys.stderr),
    )
    wrong = [proof for proof in proofs if not proof.holds]
    if as_json:
        print_json({"proofs": [proof.plain() for proof in proofs], "wrong": len(wrong)})
    else:
        holding = len(proofs) - len(wrong)
        print(say(lang, "cli.verify.hold", holding=holding, total=len(proofs)))
    raise SystemExit(1 if wrong else 0)
