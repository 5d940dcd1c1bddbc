"""Check whether other people's code is right, and if not, find the mistake."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from etude.checking.verdict import Verdict
from etude.errors import UsageError
from etude.locale.texts import Lang, text
from etude.system.caller import preserve_caller_state
from etude.verbs.grade import grade, role_name


@preserve_caller_state()
def check(
    what: object,
    role: str | None = None,
    *,
    arguments: Mapping[str, object] | None = None,
    adapter: ModuleType | Path | str | None = None,
    lang: Lang = "en",
) -> Verdict | list[Verdict]:
    """Whether your own class, function, built module or file is right, and if not, why.

    what: a class or function; a built nn.Module, which is not changed; an imported module or the
    path of a file (`"layers.py"`, `"layers.py:Block"`), of which everything that has a role is
    checked; or the path of a folder, of which each submission is checked. Paths are checked in
    separate processes.
    role: what the code should be; default: guessed. arguments: values of parameters by name, where
    étude cannot guess them. adapter: a file or module with `build()` and `call(it, *inputs)`.

    Returns a Verdict: `status`, `sentence()`, `finding`, `plain()`. A list of them for an imported
    module, a folder, and a file with several things. Raises UsageError for an unknown role.
    """
    role = role_name(role)
    if isinstance(what, str | Path):
        if isinstance(adapter, ModuleType):
            raise UsageError(text("verbs.check.adapter"))
        marks = grade(what, role, arguments, adapter, quiet=True, lang=lang)
        single = len(marks.rows) == 1 and not Path(what).is_dir()
        verdicts = marks.rows[0].verdicts if single else [row.verdict for row in marks.rows]
    else:
        # Not at the top of the file: it loads torch, and mistakes are reported before that.
        from etude.checking import judge, loading, source

        module = loading.load(Path(adapter)) if isinstance(adapter, str | Path) else adapter
        if isinstance(what, ModuleType):
            verdicts = judge.judge_module(what, "", role, arguments, module)
        else:
            verdicts = [judge.judge(source.thing(what), role, arguments, module)]
    translated = [replace(verdict, lang=lang) for verdict in verdicts]
    return translated[0] if len(translated) == 1 else translated
