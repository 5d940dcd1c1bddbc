"""The .ts format of the UCR and UEA archives.

@classLabel true A B      the header: one @tag per line
@data
1,2,3:4,5,6:A             one sample per line: its dimensions, then its class
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from etude.data.bad import Bad
from etude.data.sequences.content import (
    LONGEST,
    Sequences,
    at,
    group,
    lines,
    uniform,
    values,
    where_of,
)
from etude.errors import InvalidValue, cause
from etude.locale.texts import Sentence, listed, text

SHOWN = 20
FLAGS = {"true": True, "false": False}


@dataclass
class _Header:
    classes: tuple[str, ...] | None = None
    # The same classes as a set: one look-up per line must not search a list of thousands.
    allowed: frozenset[str] = frozenset()
    dimensions: int = 0
    length: int = 0
    equal: bool = False


def parse(path: Path) -> tuple[Sequences, list[Sentence]]:
    """(content of a .ts file with its bad lines, problems of the file as a whole)."""
    header, content = _Header(), Sequences()
    problems: list[Sentence] = []
    data = False
    for number, line in lines(path, problems):
        where = where_of(path, number)
        if line.startswith(("#", "%")):
            continue
        try:
            if data:
                _sample(line, header, content, where)
            elif line.lower() == "@data":
                data = True
            else:
                _tag(line, header)
        except ValueError as error:
            if not data:
                problems.append(at(path, number, cause(error)))
                break  # without a header no sample can be checked
            last = line.rpartition(":")[2].strip()
            known = group(last if last in header.allowed else "", where)
            content.bad.append(Bad(known, where, cause(error)))
    content.classes = header.classes or ()
    uniform(content, header.dimensions, header.length, equal=header.equal)
    if not problems and not data:
        problems.append(text("data.ts.no_data", file=path.name))
    if not problems and not (content.rows or content.bad):
        problems.append(text("data.ts.empty", file=path.name))
    return content, problems


def _tag(line: str, header: _Header) -> None:
    """Read one line of the header into `header`. Raises ValueError."""
    words = line.split()
    tag, values = words[0].lower(), words[1:]
    if not tag.startswith("@"):
        raise InvalidValue(text("data.ts.tag", line=line[:LONGEST]))
    first = values[0].lower() if values else ""
    if tag == "@timestamps" and first == "true":
        raise InvalidValue(text("data.ts.stamps"))
    if tag == "@targetlabel" and first == "true":
        raise InvalidValue(text("data.ts.targets"))
    if tag == "@classlabel":
        if first not in FLAGS or (FLAGS[first] and len(values) < 2):
            raise InvalidValue(text("data.ts.labels"))
        header.classes = tuple(values[1:]) if FLAGS[first] else None
        header.allowed = frozenset(header.classes or ())
        if header.classes and len(header.allowed) < len(header.classes):
            raise InvalidValue(text("data.ts.labels.twice"))
    elif tag in ("@dimensions", "@dimension", "@serieslength"):
        if not first.isdecimal() or not 0 < int(first) < 10**9:
            raise InvalidValue(text("data.ts.whole", tag=" ".join(words)[:LONGEST]))
        if tag == "@serieslength":
            header.length = int(first)
        else:
            header.dimensions = int(first)
    elif tag == "@equallength":
        header.equal = FLAGS.get(first, False)


def _sample(line: str, header: _Header, content: Sequences, where: str) -> None:
    """Read one sample's line into `content`. Raises ValueError."""
    *parts, label = line.split(":") if header.classes else [*line.split(":"), ""]
    label = label.strip()
    if header.classes and label not in header.allowed:
        some = listed([name[:LONGEST] for name in header.classes[:SHOWN]], len(header.classes))
        raise InvalidValue(text("data.ts.class", label=label[:LONGEST], classes=some))
    if not parts:
        raise InvalidValue(text("data.ts.valueless"))
    columns = [values(part.split(","), i) for i, part in enumerate(parts, 1)]
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        raise InvalidValue(text("data.ts.lengths", least=lengths[0], most=lengths[-1]))
    content.rows.append(np.stack(columns, 1))
    content.names.append(where)
    if header.classes:
        content.labels.append(label)
