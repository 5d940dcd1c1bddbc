"""Compare étude's own layers with independent references."""

import sys
from pathlib import Path

import etude
from etude.cli.app import SEE, command, print_json
from etude.errors import UsageError, plain
from etude.flags import Json, Lang, MovedData
from etude.locale.texts import render, say, text


@command(SEE)
def verify(
    file: Path | None = None,
    run: str | None = None,
    /,
    *,
    data: MovedData = None,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Compare our own layers with independent references on this machine; or an exported file with
    its run.

    Examples:

    etude verify

    etude verify cnn-digits.onnx runs/cnn-digits
    """
    if file is not None:
        if run is None:
            raise UsageError(
                text("cli.verify.run", file=file), do=text("cli.verify.run.do", file=file)
            )
        parity, size = etude.verbs.verify_file(file, run, data)
        if as_json:
            print_json({"path": str(file), "size": size, "parity": vars(parity)})
            return
        print(plain(say(lang, "cli.export", path=file, size=size)))
        print(plain(render(lang, parity.sentence)))
        return
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
