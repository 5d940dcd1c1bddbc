"""What the examiner says: one sentence, then the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from etude.draw.texts import TEXTS, Lang, say

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


def word(lang: Lang, value: Any) -> Any:
    """A fact in the language of the sentence, where there are words for it."""
    return say(lang, f"word_{value}") if f"word_{value}" in TEXTS else value


@dataclass(frozen=True)
class Verdict:
    """On one class or function. checked: what held, and to what precision. variants: unusual but
    right choices. why: a text's code and values, where it could not be judged."""

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

    @property
    def exit_code(self) -> int:
        """0 right, 1 wrong, 7 could not be judged."""
        return EXITS[self.status]

    @property
    def place(self) -> str:
        """file:line of the fault, or of the thing."""
        line = (self.finding.line if self.finding else 0) or self.line
        return f"{self.file}:{line}" if line else self.file

    def sentence(self, lang: Lang = "en") -> str:
        """The verdict in one sentence."""
        role = say(lang, f"role_{self.role}") if self.role else ""
        if self.finding:
            return say(lang, "check_wrong", place=self.place, said=self.finding.said(lang))
        if self.status == "right":
            return say(lang, "check_right", name=self.name, role=role)
        code, values = self.why or ("check_unknown", {})
        return say(lang, code, name=self.name, **values)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        finding = self.finding
        return {
            "name": self.name,
            "role": self.role,
            "status": self.status,
            "fault": finding.code if finding else None,
            "file": self.file,
            "line": (finding.line if finding else 0) or self.line or None,
            "sentence": {"en": self.sentence("en"), "ko": self.sentence("ko")},
            "evidence": [list(each) for each in finding.evidence] if finding else [],
            "also": [other.code for other in self.others],
            "variants": list(self.variants),
            "checked": [list(each) for each in self.checked],
        }
