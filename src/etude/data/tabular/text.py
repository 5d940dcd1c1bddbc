"""How the text of a table is read, as the sources that read tables ask the user."""

from typing import Literal

from pydantic import Field

from etude.data.dataset import DataConfig
from etude.data.tabular.dialect import MISSING_NUMBERS, Reading


class TextConfig(DataConfig):
    """What is between cells, the decimal sign, the encoding, and the names of columns."""

    separator: Literal["auto", "comma", "semicolon", "tab", "bar"] = Field(
        default="auto", description="config.table.separator"
    )
    decimal: Literal["auto", ".", ","] = Field(default="auto", description="config.table.decimal")
    encoding: str = Field(default="auto", description="config.table.encoding")
    names: tuple[str, ...] = Field(default=(), description="config.table.names")

    @property
    def reading(self) -> Reading:
        """The same as the reader takes it."""
        return Reading(
            separator=self.separator,
            decimal=self.decimal,
            encoding=self.encoding,
            names=self.names,
        )


class MissingConfig(DataConfig):
    """The words for a missing number."""

    missing: tuple[str, ...] | None = Field(default=None, description="config.table.missing")

    @property
    def missing_words(self) -> frozenset[str]:
        """The words in lower case; "none" alone stands for no word."""
        if self.missing is None:
            return MISSING_NUMBERS
        words = frozenset(word.lower() for word in self.missing)
        return frozenset() if words == {"none"} else words
