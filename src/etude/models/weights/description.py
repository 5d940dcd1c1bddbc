"""What a folder of weights says beside the weights: config.json of transformers or of timm, and the
preparation of its images."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etude.errors import UsageError
from etude.locale.texts import Sentence, Text, text
from etude.models.weights.files import Stored
from etude.system.limits import Plain

if TYPE_CHECKING:
    from etude.models.weights.foreign import Sizes

FAMILY = "vit"
"""What transformers calls Vision Transformers."""
EXACT = ("gelu", "gelu_python", "GELU")
TANH = ("gelu_new", "gelu_pytorch_tanh", "gelu_tanh", "gelu_python_tanh", "gelu_fast")
MALFORMED = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What a description with values of other types leads to."""
FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
"""Pillow's numbers of interpolation filters, which preprocessor_config.json holds."""
UNCHANGED = {
    "norm_layer": ("layernorm", "LayerNorm"), "global_pool": ("token",), "class_token": (True,),
    "pre_norm": (False,), "qk_norm": (False,), "reg_tokens": (0,), "init_values": (None,),
    "no_embed_class": (False,), "final_norm": (True,), "fc_norm": (None, False),
    "dynamic_img_pad": (False,), "pos_embed": ("learn",),
}  # fmt: skip
"""Arguments of timm's class that change the function, with the values that do not."""


@dataclass(frozen=True)
class Preparation:
    """How the network's images were prepared. mean, std: of pixels from 0 to 1, by channel.
    interpolation: "" if the description does not say."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = ""


@dataclass(frozen=True)
class Description:
    """What is known beside the shapes. heads: 0 if unknown; eps: None if unknown; image: (height,
    width) in training; classes: their names, in the order of the head; stated: sizes, to be
    compared with the shapes."""

    heads: int = 0
    eps: float | None = None
    gelu: str = "exact"
    image: tuple[int, int] | None = None
    classes: tuple[str, ...] = ()
    preparation: Preparation | None = None
    stated: tuple[tuple[str, str, int], ...] = ()
    notes: tuple[Text, ...] = ()

    def contradictions(self, sizes: "Sizes") -> Iterator[Text]:
        """One line for each size that the description states and the shapes contradict."""
        for key, size, value in self.stated:
            actual = getattr(sizes, size)
            if actual != value and not (size == "outputs" and actual == 0):
                yield text("weights.config.other", name=key, value=value, actual=actual)


def described(source: Stored) -> Description:
    """The description of a file. Raises UsageError for conventions under which the numbers could
    not agree."""
    config, problems = source.config, list[Sentence]()
    try:
        if config.get("model_type"):
            result, problems = _transformers(source)
        elif "architecture" in config or "pretrained_cfg" in config:
            result, problems = _timm(source)
        else:
            result = _from_metadata(source)
    except MALFORMED as error:
        problems, result = [text("weights.config.malformed", why=str(error)[:200])], Description()
    if result.eps is not None and not 0 < result.eps < 1:
        problems.append(text("weights.config.eps", eps=result.eps))
    if problems:
        raise UsageError(text("weights.refused", path=source.path), items=problems)
    return result


def _transformers(source: Stored) -> tuple[Description, list[Sentence]]:
    config, problems = source.config, list[Sentence]()
    if config["model_type"] != FAMILY:
        problems.append(text("weights.config.type", type=str(config["model_type"])))
    act = config.get("hidden_act", "gelu")
    if act not in EXACT + TANH:
        problems.append(text("weights.config.act", act=str(act)))
    labels = config.get("id2label")
    classes: tuple[str, ...] = ()
    if isinstance(labels, dict) and all(str(i) in labels for i in range(len(labels))):
        classes = tuple(str(labels[str(i)]) for i in range(len(labels)))
    stated = tuple(
        (key, size, config[key])
        for key, size in (
            ("hidden_size", "width"), ("num_hidden_layers", "depth"), ("patch_size", "patch"),
            ("intermediate_size", "hidden"), ("num_channels", "channels"),
        )
        if isinstance(config.get(key), int)
    )  # fmt: skip
    return Description(
        heads=_whole(config.get("num_attention_heads")),
        eps=float(config.get("layer_norm_eps", 1e-12)),
        gelu="tanh" if act in TANH else "exact",
        image=_image(config.get("image_size", 224)),
        classes=() if all(c.startswith("LABEL_") for c in classes) else classes,
        preparation=_processor(source.preparation),
        stated=stated,
    ), problems


def _processor(given: Plain) -> Preparation | None:
    """The preparation that an image processor of transformers states."""
    mean, std = given.get("image_mean"), given.get("image_std")
    if given.get("do_normalize", True) is False:
        mean, std = [0.0], [1.0]
    if not (_numbers(mean) and _numbers(std)):
        return None
    # (x * factor - mean) / std, and our x is in units of 1/255.
    factor = given.get("rescale_factor", 1 / 255) if given.get("do_rescale", True) else 1.0
    unit = float(factor) * 255
    filter_ = given.get("resample", given.get("interpolation", ""))
    return Preparation(
        tuple(float(m) / unit for m in mean),  # type: ignore[union-attr]  # checked above
        tuple(float(s) / unit for s in std),  # type: ignore[union-attr]
        FILTERS.get(filter_, "") if isinstance(filter_, int) else str(filter_),
    )


def _timm(source: Stored) -> tuple[Description, list[Sentence]]:
    config, problems = source.config, list[Sentence]()
    arguments = config.get("model_args") or {}
    trained = config.get("pretrained_cfg") or {}
    name = str(config.get("architecture", ""))
    if name and not name.startswith(("vit_", "deit_", "flexivit_")):
        problems.append(text("weights.config.type", type=name))
    for key, fine in UNCHANGED.items():
        value = arguments.get(key, config.get(key))
        if value is not None and value not in fine:
            problems.append(text("weights.config.argument", name=key, value=str(value)))
    act = arguments.get("act_layer") or "gelu"
    if "quickgelu" in name:
        act = "quick_gelu"
    if act not in EXACT + TANH:
        problems.append(text("weights.config.act", act=str(act)))
    size = trained.get("input_size")
    image = arguments.get("img_size") or (size[1:] if isinstance(size, list) else None)
    mean, std = trained.get("mean"), trained.get("std")
    preparation = None
    if mean is not None and std is not None and _numbers(mean) and _numbers(std):
        how = str(trained.get("interpolation", ""))
        preparation = Preparation(tuple(map(float, mean)), tuple(map(float, std)), how)
    labels = config.get("label_names") or trained.get("label_names") or ()
    stated = tuple(
        (key, size_, arguments[key])
        for key, size_ in (("embed_dim", "width"), ("depth", "depth"), ("patch_size", "patch"))
        if isinstance(arguments.get(key), int)
    )
    return Description(
        heads=_whole(arguments.get("num_heads")),
        eps=float(arguments.get("norm_eps", 1e-6)),
        gelu="tanh" if act in TANH else "exact",
        image=_image(image),
        classes=tuple(map(str, labels)),
        preparation=preparation,
        stated=stated,
    ), problems


def _from_metadata(source: Stored) -> Description:
    """What étude itself writes into the header of a single file."""
    given = source.metadata
    eps, image = given.get("eps"), given.get("image", "").split("x")
    return Description(
        heads=_whole(given.get("heads")),
        eps=float(eps) if eps else None,
        gelu=given.get("gelu", "exact"),
        image=_image([int(s) for s in image]) if all(s.isdecimal() for s in image) else None,
    )


def _numbers(value: object) -> bool:
    """Whether a value is a list of numbers."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    )


def _whole(value: object) -> int:
    """A positive whole number, or 0."""
    text_ = str(value)
    return int(text_) if text_.isdecimal() and len(text_) < 7 else 0


def _image(value: Any) -> tuple[int, int] | None:
    """(height, width) from one number or two."""
    sides = [_whole(one) for one in (value if isinstance(value, list | tuple) else [value] * 2)]
    return (sides[0], sides[1]) if len(sides) == 2 and all(sides) else None
