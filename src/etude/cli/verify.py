"""Compare étude's own layers with independent references."""

from etude.cli.app import SEE, command, print_json
from etude.errors import plain
from etude.flags import Json


@command(SEE)
def verify(*, as_json: Json = False) -> None:
    """Compare our own layers with independent references on this machine.

    Values and gradients, in every data type, on every device.

    Examples:

    etude verify
    """
    from etude import verbs

    proofs = verbs.verify(lambda proof: None if as_json else print(plain(str(proof))))
    wrong = [proof for proof in proofs if not proof.holds]
    if as_json:
        print_json({"proofs": [proof.plain() for proof in proofs], "wrong": len(wrong)})
    else:
        print(f"{len(proofs) - len(wrong)} of {len(proofs)} hold.")
    raise SystemExit(1 if wrong else 0)
