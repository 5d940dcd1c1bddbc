"""The network of a run as a page of plain PyTorch, written by a template beside the architecture.

A template has the sizes of one run as literals and no branch for an option that the run does not
use. Parameters keep their names, but for what `PlainNetwork` says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class PlainNetwork:
    """The classes of a network as source text.

    name: the class of the whole network, which takes no arguments. without: prefixes of parameters
    that the page does not have, because no answer depends on them. renamed: parts of names that are
    others on the page.
    """

    name: str
    source: str
    without: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def weights(self, model: nn.Module) -> dict[str, torch.Tensor]:
        """The parameters and buffers of the trained module under the names of the page."""
        places = dict(_places(model))
        found = {}
        for name, tensor in model.state_dict().items():
            if name.startswith(self.without):
                continue
            owner, _, last = name.rpartition(".")
            plain = f"{places[owner]}.{last}" if owner else last
            for old, new in self.renamed.items():
                plain = plain.replace(old, new)
            found[plain] = tensor.detach()
        return found


def _places(module: nn.Module, old: str = "", new: str = "") -> Iterator[tuple[str, str]]:
    """(name, name on the page) of all modules: layers of a Sequential are counted without idle
    ones."""
    yield old, new
    number = 0
    for name, child in module.named_children():
        there = str(number) if isinstance(module, nn.Sequential) else name
        yield from _places(child, f"{old}.{name}".lstrip("."), f"{new}.{there}".lstrip("."))
        number += not is_idle(child)


def mlp_names(dropout: float) -> dict[str, str]:
    """The names of the MLP of an encoder block, which is a Sequential on a page."""
    return {"mlp.fc1.": "mlp.0.", "mlp.fc2.": "mlp.3." if dropout else "mlp.2."}


def is_idle(module: nn.Module) -> bool:
    """Whether a layer is dropout of nothing, which a page leaves out."""
    return isinstance(module, nn.Dropout | nn.Dropout2d) and module.p == 0


@cache
def _templates(package: str, folder: str) -> "Environment":
    # Here, because only an export should wait for this import.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package, folder),
        # A value that a template misses is an error; by default it would be an empty text.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def source(template: str, **values: object) -> str:
    """The template of a network with these values."""
    return fill("etude.models", "pages", template, **values)


def fill(package: str, folder: str, template: str, **values: object) -> str:
    """A template of source text in the folder of a package, with these values."""
    return _templates(package, folder).get_template(template).render(values).strip("\n")
