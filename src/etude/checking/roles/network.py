"""A network of torch's layers that has no other role: an MLP, a CNN, a block. Judged by what holds
for every right network (see properties.py)."""

from torch import nn

from etude.checking import properties
from etude.checking.build import Sizes
from etude.checking.roles import Role
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject


def judge(subject: Subject) -> None:
    """By properties."""
    if not isinstance(subject.it, nn.Module):
        raise CannotJudge("check_no_role")
    properties.judge(subject)


ROLE = Role(
    called=r"(my_?)?(mlp|cnn|net|network|(simple|small|tiny)_?(net|cnn|mlp))|multi_?layer_?perceptron|le_?net\d?|alex_?net|vgg\w*",
    sizes=Sizes(
        {
            "channels": 3, "classes": 5, "hidden": 16, "inputs": 12, "outputs": 5, "width": 12,
            "dropout": 0.5, "depth": 2,
        },
        ("inputs", "hidden", "outputs"),
    ),
    judge=judge,
)  # fmt: skip
