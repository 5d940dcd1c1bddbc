"""The text files of the UCR archive: one sequence per line, its class first, no header.

    1<tab>0.5<tab>0.7<tab>0.9
    -1<tab>0.2<tab>0.3<tab>NaN     missing values at the end are padding

The classes are whole numbers, written 1, -1 or 1.0000000e+00; between the values are tabs, commas
or blanks.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from etude.data.bad import Bad
from etude.data.sequences.content import (
    LONGEST,
    Sequences,
    ends,
    group,
    is_missing,
    lines,
    number,
    values,
    where_of,
)
from etude.errors import InvalidValue, cause
from etude.locale.texts import Sentence, text

SUFFIXES = (".tsv", ".txt")
EXAMINED = 5
"""Lines that show whether a file has this form."""
BETWEEN = re.compile(r"\t|,[ \t]*| +")


def parse(path: Path) -> tuple[Sequences, list[Sentence]]:
    """(content of a file with its bad lines, problems of the file as a whole)."""
    content, problems = Sequences(declared=False), list[Sentence]()
    for line_number, line in lines(path, problems):
        where = where_of(path, line_number)
        label, *words = BETWEEN.split(line)
        name = ""
        try:
            name = _class(label)
            row = values(words[: ends(words)], 1)[:, None]
            if not len(row):
                raise InvalidValue(text("data.ts.valueless"))
        except ValueError as error:
            content.bad.append(Bad(group(name, where), where, cause(error)))
            continue
        content.rows.append(row)
        content.labels.append(name)
        content.names.append(where)
    if not problems and not (content.rows or content.bad):
        problems.append(text("data.ts.empty", file=path.name))
    content.classes = ordered(content.labels)
    return content, problems


def _class(word: str) -> str:
    """The name of a class without its fraction: 1.0000000e+00 is 1. Raises ValueError."""
    value = number(word)
    if not np.isfinite(value) or value != round(value):
        raise InvalidValue(text("data.ucr.class", label=word[:LONGEST]))
    return f"{value:.15g}"


def ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """The different classes, by value."""
    return tuple(sorted(set(labels), key=float))


def recognised(path: Path) -> bool:
    """Whether a file holds nothing but numbers in its first lines: a table has a line of names."""
    seen = 0
    for _, line in lines(path, []):
        words = BETWEEN.split(line)
        if len(words) < 2 or np.isnan(number(words[0])):
            return False
        if not all(is_missing(word) or not np.isnan(number(word)) for word in words):
            return False
        seen += 1
        if seen == EXAMINED:
            break
    return seen > 0
