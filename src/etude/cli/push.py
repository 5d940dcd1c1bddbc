"""Upload a finished run to a repository of the Hugging Face Hub."""

from typing import Annotated

from cyclopts import Parameter

import etude
from etude.cli.app import USE, command, print_json
from etude.errors import plain
from etude.flags import Json, Lang
from etude.locale.texts import say


@command(USE)
def push(
    run: str,
    name: str,
    /,
    *,
    private: Annotated[
        bool,
        Parameter(
            name="--private", negative="--public", help="help.flag.push.private", show_default=False
        ),
    ] = True,
    license: Annotated[str | None, Parameter(help="help.flag.push.license")] = None,
    dry: Annotated[bool, Parameter(negative="", help="help.flag.push.dry")] = False,
    lang: Lang = "en",
    as_json: Json = False,
) -> None:
    """Upload a finished run to a repository of the Hugging Face Hub, with a model card.

    Examples:

    etude push runs/cnn-digits ada/cnn-digits --license apache-2.0

    etude push runs/cnn-digits ada/cnn-digits --dry
    """
    if dry:
        path = etude.verbs.push_dry(run, name, license=license)
        count = sum(each.is_file() for each in path.rglob("*"))
        if as_json:
            print_json({"run": run, "repository": name, "folder": str(path), "files": count})
        else:
            print(plain(say(lang, "cli.push.dry", path=path, name=name, count=count)))
        return
    pushed = etude.verbs.push(run, name, private=private, license=license, quiet=as_json, lang=lang)
    if as_json:
        print_json({"run": run, **pushed.plain()})
    else:
        print(plain(etude.verbs.pushed_line(pushed, lang)))
