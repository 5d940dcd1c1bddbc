"""ARFF files: of sequences, as the UCR and UEA archives have them, or of a table.

@attribute att1 numeric            one attribute for each step of a series, then its class
@attribute series relational       or one attribute that has them inside, one line a dimension
@attribute class {low, high}       the classes, in this order
@data
1.5,?,high                         ? is a missing value; at the end of a series it is padding
'1,2,3\\n4,5,6',low
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from etude.data.bad import Bad
from etude.data.names import class_name
from etude.data.sequences.content import (
    LONGEST,
    Sequences,
    at,
    ends,
    group,
    lines,
    uniform,
    values,
    where_of,
)
from etude.errors import DataError, InvalidValue, cause, plain
from etude.locale.texts import Sentence, Text, listed, text

SHOWN = 20
FEWEST = 10
"""Numbered attributes of a table rather than of a series, if there are fewer."""
CELL = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^'",]*?))\s*(,|$)""", re.S)
NAME = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s{]+))\s*(.*)""", re.S)
WEIGHT = re.compile(r",\s*\{[^{}]*\}$")
"""What may follow the values of a line: the weight of the sample."""
NUMERIC = ("numeric", "real", "integer")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
Row = tuple[int, list[str] | Text]


@dataclass(frozen=True)
class Attribute:
    """kind: "numeric", "nominal", "relational" or the word in the file. levels: if it is
    nominal."""

    name: str
    kind: str
    levels: tuple[str, ...] = ()


@dataclass
class _Header:
    attributes: list[Attribute] = field(default_factory=list)
    inside: bool = False  # of a relational attribute, whose own attributes are steps

    @property
    def relational(self) -> int | None:
        """The place of the relational attribute."""
        kinds = [one.kind for one in self.attributes]
        return kinds.index("relational") if "relational" in kinds else None

    @property
    def label(self) -> int | None:
        """The place of the only attribute that names classes."""
        places = [i for i, one in enumerate(self.attributes) if one.kind == "nominal"]
        return places[0] if len(places) == 1 else None


def parse(path: Path) -> tuple[Sequences, list[Sentence]]:
    """(sequences of a file with its bad lines, problems of the file as a whole)."""
    content, problems, header = Sequences(), list[Sentence](), _Header()
    found = _read(path, header, problems)
    if next(found, None) is None or problems:
        return content, problems
    if other := _not_steps(header):
        return content, [text("data.at", where=path.name, what=other)]
    label = header.label
    content.classes = () if label is None else header.attributes[label].levels
    for number, cells in found:
        where = where_of(path, number)
        try:
            if isinstance(cells, Text):
                raise InvalidValue(cells)
            name = _class(cells, header)
            content.rows.append(_steps(cells, header))
        except ValueError as error:
            last = cells[label] if label is not None and isinstance(cells, list) else ""
            known = group(last if last in content.classes else "", where)
            content.bad.append(Bad(known, where, cause(error)))
            continue
        content.names.append(where)
        content.labels += [name] if content.classes else []
    uniform(content, equal=False)
    if not problems and not (content.rows or content.bad):
        problems.append(text("data.ts.empty", file=path.name))
    return content, problems


def _not_steps(header: _Header) -> Text | None:
    """The reason why the attributes are not the steps of a series and its class; None if they
    are."""
    if header.relational is not None:
        extra = len(header.attributes) - 1 - (header.label is not None)
        return text("data.arff.beside", count=extra) if extra else None
    names = [a.name for a in header.attributes if a.kind not in ("numeric", "nominal")]
    if names or header.label is None:
        return text("data.arff.no_class", names=listed(list(map(plain, names)), len(names)))
    return None


def _class(cells: list[str], header: _Header) -> str:
    """The class of a sample; "" if the file has none, or it is missing. Raises ValueError."""
    if header.label is None or cells[header.label] == "?":
        return ""
    label, levels = cells[header.label], header.attributes[header.label].levels
    if label not in levels:
        some = listed([name[:LONGEST] for name in levels[:SHOWN]], len(levels))
        raise InvalidValue(text("data.ts.class", label=label[:LONGEST], classes=some))
    return label


def _steps(cells: list[str], header: _Header) -> np.ndarray:
    """The values of a sample [L Q]. Raises ValueError."""
    if header.relational is not None:
        parts = [line.split(",") for line in cells[header.relational].split("\n") if line.strip()]
    else:
        parts = [[cell for i, cell in enumerate(cells) if i != header.label]]
    steps = {ends(part) for part in parts}
    if not parts or steps == {0}:
        raise InvalidValue(text("data.ts.valueless"))
    if len(steps) > 1:
        raise InvalidValue(text("data.ts.lengths", least=min(steps), most=max(steps)))
    return np.stack([values(part[: ends(part)], i) for i, part in enumerate(parts, 1)], 1)


def rows(path: Path) -> Iterator[Row]:
    """Of a file that is a table: the names of the attributes, then (line, cells) of each row, where
    ? becomes an empty cell. Raises DataError for the header."""
    problems, header = list[Sentence](), _Header()
    found = _read(path, header, problems)
    begun = next(found, None)
    if not problems and header.relational is not None:
        problems.append(text("data.at", where=path.name, what=text("data.arff.relational")))
    if begun is None or problems:
        raise DataError(text("data.arff.unusable", path=path), items=problems)
    yield 0, [one.name for one in header.attributes]
    for number, cells in found:
        if isinstance(cells, Text):
            yield number, cells
        else:
            yield number, ["" if cell == "?" else cell for cell in cells]
    if problems:
        raise DataError(text("data.arff.unusable", path=path), items=problems)


def is_series(path: Path) -> bool:
    """Whether a file has sequences and no table: a relational attribute, or at least FEWEST
    attributes that are numbers and are numbered, such as att1, att2, ..., and one of classes.

    True for a header that cannot be read, for the errors of sequences.
    """
    problems, header = list[Sentence](), _Header()
    begun = next(_read(path, header, problems), None)
    if begun is None or problems or header.relational is not None:
        return True
    if _not_steps(header):
        return False
    names = [one.name for one in header.attributes if one.kind == "numeric"]
    numbers = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    found = [(one[1], int(one[2])) for one in numbers if one]
    first = found[0] if found else ("", 0)
    run = [(first[0], first[1] + i) for i in range(len(names))]
    return len(names) >= FEWEST and found == run


def _read(path: Path, header: _Header, problems: list[Sentence]) -> Iterator[Row]:
    """First the header, which goes into `header`, and one item for @data; then the cells of each
    sample by line."""
    data = False
    for number, line in lines(path, problems):
        if line.startswith("%"):
            continue
        if not data:
            try:
                data = _tag(line, header)
            except ValueError as error:
                problems.append(at(path, number, cause(error)))
                return
            if data:
                yield number, []
        elif line.startswith("{"):
            problems.append(at(path, number, text("data.arff.sparse")))
            return
        else:
            yield number, _cells(line, len(header.attributes))
    if not data and not problems:
        problems.append(text("data.arff.no_data", file=path.name))


def _tag(line: str, header: _Header) -> bool:
    """Read one line of the header; whether it is @data. Raises ValueError."""
    tag, _, rest = line.partition(" ") if " " in line else line.partition("\t")
    tag = tag.lower()
    if tag == "@attribute":
        if not header.inside:
            header.attributes.append(_attribute(rest))
            header.inside = header.attributes[-1].kind == "relational"
    elif tag == "@end":
        header.inside = False
    elif tag == "@data":
        if not header.attributes:
            raise InvalidValue(text("data.arff.no_attributes"))
        return True
    elif tag != "@relation":
        raise InvalidValue(text("data.arff.tag", line=line[:LONGEST]))
    return False


def _attribute(rest: str) -> Attribute:
    match = NAME.fullmatch(rest)
    if not match:
        raise InvalidValue(text("data.arff.attribute", line=rest[:LONGEST]))
    name, kind = _unquoted(match), match[4].strip()
    if kind.startswith("{"):
        inner = kind.partition("{")[2].rpartition("}")[0]
        levels = _split(inner)
        if levels is None or "" in levels or len(set(levels)) < len(levels):
            raise InvalidValue(text("data.arff.levels", name=plain(name[:LONGEST])))
        return Attribute(class_name(name), "nominal", tuple(map(class_name, levels)))
    word = kind.split()[0].lower() if kind else ""
    if not word:
        raise InvalidValue(text("data.arff.attribute", line=rest[:LONGEST]))
    return Attribute(class_name(name), "numeric" if word in NUMERIC else word)


def _cells(line: str, width: int) -> list[str] | Text:
    """The cells of a sample, or what is wrong with its line."""
    bare = WEIGHT.sub("", line)
    cells = _split(bare)
    if cells is None:
        return text("data.arff.quotes")
    # Blanks may stand between the values instead of commas.
    if len(cells) == 1 < width and len(words := bare.split()) == width:
        cells = words
    if len(cells) != width:
        return text("data.table.width", cells=len(cells), expected=width)
    return [class_name(cell) for cell in cells]


def _split(line: str) -> list[str] | None:
    """Values between commas, without their quotes; None if a quote has no end."""
    if "'" not in line and '"' not in line:  # a long series, for which the pattern is slow
        return [cell.strip() for cell in line.split(",")]
    cells, place = [], 0
    while match := CELL.match(line, place):
        cells.append(_unquoted(match))
        place = match.end()
        if not match[4]:
            return cells if place == len(line) else None
    return None


def _unquoted(match: re.Match[str]) -> str:
    quoted = match[1] if match[1] is not None else match[2]
    if quoted is None:
        return match[3]
    return re.sub(r"\\(.)", lambda one: ESCAPES.get(one[1], one[1]), quoted, flags=re.S)
