"""What the examiner says: one sentence, then the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from etude.checking.rendering import lines, markup
from etude.locale.texts import Lang, say, word
from etude.system import limits

Status = Literal["right", "wrong", "unknown"]
EXITS: dict[Status, int] = {"right": 0, "wrong": 1, "unknown": 7}


@dataclass(frozen=True)
class Finding:
    """One fault. code: of the texts. line: in the user's file, 0 where none is to blame. facts:
    what the sentence names. evidence: (what, expected, found) as the checks met them."""

    code: str
    line: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[tuple[str, str, str], ...] = ()

    def named(self, code: str) -> "Finding":
        """The same by a role's own name."""
        return replace(self, code=code)

    def said(self, lang: Lang = "en") -> str:
        """The fault, what it does to learning, and the mend."""
        facts = {key: word(lang, value) for key, value in self.facts.items()}
        return say(lang, f"fault_{self.code}", **facts)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        evidence = [list(each) for each in self.evidence]
        facts = dict(self.facts)
        return {"fault": self.code, "line": self.line or None, "facts": facts, "evidence": evidence}

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Finding":
        """From what `plain` gave."""
        evidence = tuple(_words(each, 3) for each in plain["evidence"])
        return cls(str(plain["fault"]), int(plain["line"] or 0), dict(plain["facts"]), evidence)


@dataclass(frozen=True, repr=False)
class Verdict:
    """On one class or function. checked: what held, and to what precision. variants: unusual but
    right choices. why: a text's code and values, where it could not be judged. excerpt: lines of
    the user's file around the one that counts. lang: in which it shows itself."""

    status: Status
    name: str
    role: str
    file: str = ""
    line: int = 0
    finding: Finding | None = None
    others: tuple[Finding, ...] = ()
    checked: tuple[tuple[str, str], ...] = ()
    variants: tuple[str, ...] = ()
    why: tuple[str, Mapping[str, Any]] | None = None
    steps: tuple[tuple[str, bool], ...] = ()
    """Named steps of the reference, and whether the user's forward has their values."""
    excerpt: tuple[tuple[int, str], ...] = ()
    lang: Lang = "en"

    @property
    def exit_code(self) -> int:
        """0 right, 1 wrong, 7 could not be judged."""
        return EXITS[self.status]

    @property
    def marked(self) -> int:
        """The line that counts: of the fault, else of a crash, else of the thing; 0."""
        where = self.finding.line if self.finding else self.why[1].get("line") if self.why else 0
        return int(where or 0) or self.line

    @property
    def place(self) -> str:
        """file:line of the fault, or of the thing."""
        return f"{self.file}:{self.marked}" if self.marked else self.file

    def sentence(self, lang: Lang | None = None) -> str:
        """The verdict in one sentence."""
        lang = lang or self.lang
        role = say(lang, f"role_{self.role}") if self.role else ""
        if self.finding:
            return f"{self.place}: {self.finding.said(lang)}"
        if self.status == "right":
            return say(lang, "check_right", name=self.name, role=role)
        code, values = self.why or ("check_unknown", {})
        return say(lang, code, **{"name": self.name, **values})

    def plain(self) -> dict[str, Any]:
        """As JSON has it; `read` makes a verdict of it again."""
        finding = self.finding.plain() if self.finding else {}
        return {
            "name": self.name,
            "role": self.role,
            "status": self.status,
            "fault": finding.get("fault"),
            "file": self.file,
            "line": self.marked or None,
            "sentence": {"en": self.sentence("en"), "ko": self.sentence("ko")},
            "facts": finding.get("facts", {}),
            "evidence": finding.get("evidence", []),
            "others": [other.plain() for other in self.others],
            "variants": list(self.variants),
            "checked": [list(each) for each in self.checked],
            "steps": [list(each) for each in self.steps],
            "why": [self.why[0], dict(self.why[1])] if self.why else None,
            "excerpt": [list(each) for each in self.excerpt],
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Verdict":
        """From what `plain` gave. Raises KeyError, TypeError or ValueError for anything else."""
        if plain["status"] not in EXITS:
            raise ValueError(f"status {plain['status']!r}")
        why = plain["why"]
        return cls(
            plain["status"],
            str(plain["name"]),
            str(plain["role"]),
            str(plain["file"]),
            line=int(plain["line"] or 0),
            finding=Finding.read(plain) if plain["fault"] else None,
            others=tuple(map(Finding.read, plain["others"])),
            checked=tuple(_words(each, 2) for each in plain["checked"]),
            variants=tuple(map(str, plain["variants"])),
            why=(str(why[0]), dict(why[1])) if why else None,
            steps=tuple((str(step), bool(there)) for step, there in plain["steps"]),
            excerpt=tuple((int(number), str(text)) for number, text in plain["excerpt"]),
        )

    def __repr__(self) -> str:
        return "\n".join(lines(self, self.lang))

    def _repr_html_(self) -> str:
        return markup(self, self.lang)


def _words(values: Any, count: int) -> Any:
    words = tuple(map(str, values))
    if len(words) != count:
        raise ValueError(f"{count} words were expected: {words}")
    return words


def told(text: bytes) -> dict[str, Any] | None:
    """A worker's answer; None if it is none. What ran in the worker is a stranger's."""
    try:
        found: dict[str, Any] = limits.parse_json(text)
        for each in found.get("verdicts", ()):
            Verdict.read(each).plain()
        if "verdicts" not in found:
            if not found["why"].startswith("check_"):
                return None
            say("en", found["why"], name="", **found["values"])
        elif not (found["verdicts"] and isinstance(found["seconds"], float)):
            return None
        tuple(map(str, found.get("holds", ())))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
        return None
    return found
