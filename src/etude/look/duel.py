"""A duel by rules: what was found, in sentences, a table and pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etude.draw.texts import Lang


def draw(
    place: Path,
    found: Mapping[str, Any],
    runs: Mapping[str, Any],
    spent: Mapping[str, float],
    lang: Lang = "en",
) -> None:
    """stub"""
    (place / "report.html").write_text("x")


def rows(found: Mapping[str, Any], lang: Lang = "en") -> list[list[str]]:
    """stub"""
    return [
        ["who", "rate", "tuned", "default"],
        *(
            [
                o["label"],
                str(o["chosen"]),
                str(o["tuned"] and o["tuned"]["mean"]),
                str(o["default"]["mean"]),
            ]
            for o in found["contenders"]
        ),
    ]


def sentences(
    found: Mapping[str, Any],
    spent: Mapping[str, float],
    diverged: Mapping[str, str],
    lang: Lang = "en",
) -> list[str]:
    """stub"""
    return [str(dict(spent)), str(found.get("verdicts")), str(found.get("target"))]
