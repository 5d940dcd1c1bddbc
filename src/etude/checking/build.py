"""A user's class made from its signature, and called by its forward's: no form to fill.

A parameter is understood by its name (`d_model`, `emb_dim`, `n_embd` ... are the width); one whose
name says nothing takes the next place in the role's usual order, if the object then works.
"""

import copy
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from etude.checking.source import CannotJudge, Thing, theirs

MEANINGS = {
    "both": r"(is_)?bi(directional|_?lstm|_?rnn|_?dir)?",
    "cell": r"(rnn|cell|recurrent)_?(type|kind|name|mode)",
    "keep": r"(p|prob|rate)?_?(keep|retain|survival)_?(p|prob|rate|ratio|probability)?",
    "kernel": r"(conv_?)?(kernel|filter)(_?size)?|ks?|kernel_?w",
    "padding": r"(conv_?)?pad(ding)?",
    "stride": r"(conv_?)?stride|s",
    "pool": r"(max_?)?pool(ing)?(_?(size|kernel|kernel_size|stride|k))?",
    "parameters": r"(model_)?param(eter)?s?|weights|theta|variables",
    "rate": r"lr|learning_?rate|alpha|eta|step_?size|lr_?0|rate",
    "momentum": r"momentum|mu|beta|gamma|rho|mom",
    "beta1": r"beta_?1|b1|beta_m|rho_?1",
    "beta2": r"beta_?2|b2|beta_v|rho_?2",
    "betas": r"betas",
    "epsilon": r"eps(ilon)?",
    "temperature": r"temp(erature)?|scale(_factor)?",
    "heads": r"(n|num|nr|number|n_attn|num_attention)?_?(of_)?(head|heads|nheads?|nhead)|h|nh|n_?head",
    "head_width": r"(d_?head|head_?(dim|size|width|d)|dim_?(per_)?head|d_?[kv]|dk|dv|d_?q)",
    "mlp": r"(d_?ff|dff|ff|ffn|ffw|mlp|mlp_hidden|hidden_mlp|feed_?forward|dim_feedforward|inner|ff_hidden)"
    r"(_?(dim|size|width|hidden|units|features|channels|d))*|(hidden|inner|forward)_?(mlp|ff)|hidden_features|n_inner|d_inner|d_hid",
    "ratio": r"(mlp|ff|ffn|expansion|hidden|forward)_?(ratio|expansion|factor|mult(iplier)?)|expansion|forward_expansion|mult|ratio|expand",
    "dropout": r"(?!layer_?drop)(?:(att(n|ention)?|proj|emb|pos|mlp|ff|resid|path|hidden|drop|out|layer|block|residual)?_?(drop|dropout|drop_?prob|drop_?rate|dropout_?(p|prob|rate|ratio))(_?(p|prob|rate|ratio))?|p|prob|rate|p_drop|pdrop|\w+_pdrop|\w+_dropout(_p|_rate|_prob)?|dropout_\w+|drop_\w+)",
    "image": r"(img|image|input)_?(size|shape|dim|res(olution)?|dims?)?(_?(h(eight)?|w(idth)?))?|(img|image)|height|width_img|resolution",
    "image_shape": r"(img|image|input|x)_?shape",
    "patch": r"(patch|p|ps|kernel)_?(size|dim|shape)?|patch_?(h(eight)?|w(idth)?)|patch",
    "channels_out": r"(out|output)_?(ch|channels?|c|planes|filters)|c_?out|filters|planes|n_filters|ch_out",
    "channels": r"(in|input|img|im|image)?_?(ch|chans?|channels?|planes)|c_?in|in_?c|num_channels|n_channels|c|in_filters|ch_in|nc",
    "classes": r"(n|num|number|nb)?_?(of_)?(class|classes|cls|labels|categories|targets|out_?classes)|n_?class(es)?|output_?(dim|size)|out_?dim|num_out|out_features|n_out(puts)?|out",
    "depth": r"(n|num|number|nb)?_?(of_)?(layers?|blocks?|depth|encoder_?layers?|encoders?|encoder_?blocks?|stacks?)|n_?layers?|depth|k|n|enc_layers|nlayers",
    "length": r"(max|seq|sequence|context|block|n|num|max_?seq|max_?sequence|max_position)?_?(len|length|seq_?len|seq_?length|tokens|size_ctx|steps|positions|position_embeddings|t)(_max)?|max_?len(gth)?|block_size|context_?(length|size)|ctx|l|n_ctx|n_positions|maxlen|num_patches|n_patches|seq",
    "vocabulary": r"(n|num|src)?_?(vocab|vocabulary|tokens|embeddings|ntoken)(_?(size|len))?|ntokens?|input_vocab\w*",
    "latent": r"(latent|z|code|codes?|bottleneck|embedding|n_?latent|nz|d_?z)_?(dim|size|d|features|width|dims)?|latent|nz|zdim|code_?dim",
    "hidden": r"(hidden|h|state|rnn|lstm|n_?hidden|num_?hiddens?|units|cell)_?(dim|size|width|units|features|d|channels|layer_size)?|hid(_?dim)?|nhid|n_?hid|d_?h|hs",
    "inputs": r"(in|input|n_?in|n_?inputs?|inp|x|feature|features|n_?features|num_?(features|inputs)|embed|token)_?(dim|size|features|width|units|d|f)?|input|n_in|fan_?in|in_?features|i|din|d_?in|q|n_feats?",
    "outputs": r"(out|output|n_?out|n_?outputs?|num_?outputs?|y)_?(dim|size|features|width|units|d|f)?|fan_?out|out_?features|o|dout|d_?out|units|m",
    "width": r"(num_?hiddens?|n_?units?|num_?units?|units|query|key|value|kv|d|dim|width|size|c|e|embed|embedding|emb|model|hidden|token|feat|feature|features|d_?model|channels|n_?embd?|hid)_?(dim|size|width|model|d|embd?|feat|features|feature|dims|channels|units|s|model_?size)?|(in|input)_(dim|features|size|channels)|n_?embd?|n_?embed\w*|dim_model|model_dim|model_?size|normalized_shape|embed",
}  # fmt: skip
READ = {meaning: re.compile(pattern, re.IGNORECASE) for meaning, pattern in MEANINGS.items()}
"""What a parameter's name may mean; a role says which of these it has, the first that fits wins."""
TEXT = re.compile(r"act(ivation)?|norm(_?layer)?|bias|qkv_bias|pool(ing)?|mode|kind|device|dtype|eps|epsilon|\w*bias|batch_first|bidirectional|padding|stride|kernel(_size)?|init\w*|verbose|return_\w+|need_\w+|use_\w+|with_\w+|causal|mask\w*", re.IGNORECASE)  # fmt: skip
"""Names that are left at their default."""


NAMED_SETTINGS = r"\w*(config|cfg|settings|hparams|args|opt|params)"
"""Names of configuration objects."""
Settings = Callable[[inspect.Parameter], tuple[Any, Mapping[str, Any]] | None]
"""Makes the configuration that a parameter wants, with its sizes by meaning."""


@dataclass(frozen=True)
class Sizes:
    """What the examiner builds a thing with. known: by meaning; order: of unnamed places; anchor:
    where a signature has no parameter of this meaning, defaults stay, for they belong together."""

    known: Mapping[str, Any]
    order: Sequence[str] = ()
    anchor: str = ""


@dataclass(frozen=True)
class Built:
    """A made object, and what it was made with: by meaning, and by name."""

    it: Any
    sizes: Mapping[str, Any]
    said: str
    values: Mapping[str, Any] = field(default_factory=dict)


def meaning(name: str, sizes: Sizes) -> str:
    """What a parameter of this name means among the role's sizes; '' if it says nothing."""
    return next((m for m in sizes.known if READ[m].fullmatch(name)), "")


def construct(
    thing: Thing, sizes: Sizes, given: Mapping[str, Any], how: Callable[[], Any] | None = None,
    settings: Settings | None = None,
) -> Built:  # fmt: skip
    """Make an object of a class. given: values the user gave by name; how: makes it, an adapter's;
    settings: makes a configuration object.

    Raises CannotJudge, with an example of the call, where a parameter cannot be guessed.
    """
    if how:
        return Built(adapted(how), dict(sizes.known), f"{thing.name} (adapter)")
    if isinstance(thing.it, nn.Module):
        with theirs(thing.file, "check_construct", call=f"copy.deepcopy({thing.name})"):
            return Built(copy.deepcopy(thing.it), seen(thing.it, sizes, given), thing.name)
    if not thing.is_class:
        return Built(thing.it, dict(sizes.known), thing.name)
    try:
        signature = inspect.signature(thing.it)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    unknown = [name for name in given if name not in signature.parameters]
    if unknown:
        raise CannotJudge("check_no_such", parameter=unknown[0], call=f"{thing.name}{signature}")
    values, used, doubtful = arguments(signature, sizes, given, settings)
    missing = [n for n, v in values.items() if v is inspect.Parameter.empty]
    said = ", ".join(f"{n}={'?' if n in missing else _short(v)}" for n, v in values.items())
    call = f"{thing.name}({said})"
    if missing:
        raise CannotJudge("check_ask", parameter=missing[0], call=call)
    code = "check_ask" if doubtful else "check_construct"
    more = {"parameter": doubtful[0]} if doubtful else {}
    with theirs(thing.file, code, call=call, **more):
        return Built(thing.it(**values), used, call, values)


def adapted(how: Callable[[], Any]) -> Any:
    """What an adapter builds. Raises CannotJudge with the adapter's line, which is none of the
    examined file."""
    try:
        with theirs(inspect.getsourcefile(how) or "", "check_adapter"):
            return how()
    except CannotJudge as told:
        raise CannotJudge(told.code, error=told.values["error"], at=told.values["line"]) from None


def seen(it: nn.Module, sizes: Sizes, given: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes of a made module by meaning: those given, else its attributes that are called as what
    it is constructed with. (Others may mean anything: `d` is a head's width as often as a model's.)
    """
    named = [name for name in takes(type(it).__init__) if isinstance(vars(it).get(name), int)]
    told = {name: vars(it)[name] for name in named} | dict(given)
    return {means: value for name, value in told.items() if (means := meaning(name, sizes))}


def _short(value: Any) -> str:
    return repr(value)[:60]


def arguments(
    signature: inspect.Signature, sizes: Sizes, given: Mapping[str, Any],
    settings: Settings | None = None,
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:  # fmt: skip
    """(values by name, sizes in use by meaning, names that were only guessed by their place)."""
    values: dict[str, Any] = {}
    used = dict.fromkeys(sizes.known)
    doubtful: list[str] = []
    kept = sizes.anchor and not any(meaning(n, sizes) == sizes.anchor for n in signature.parameters)
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        found = meaning(name, sizes)
        noted = settings(parameter.replace(name="noted")) if settings and required else None
        if name in given:
            values[name] = given[name]
            if found:
                used[found] = given[name]
        elif noted:  # its annotation says more than its name
            values[name] = noted[0]
            used |= noted[1]
        elif not required and (kept or TEXT.fullmatch(name) or not found):
            continue
        elif found:
            values[name] = used[found] = fitted(found, sizes.known[found], parameter)
        elif settings and (made := settings(parameter)):
            values[name] = made[0]
            used |= made[1]
        else:
            place = next((m for m in sizes.order if used.get(m) is None), "")
            values[name] = sizes.known[place] if place else parameter.empty
            if place:
                used[place] = sizes.known[place]
                doubtful.append(name)
    return values, {m: v for m, v in used.items() if v is not None}, doubtful


def fitted(meaning: str, value: Any, parameter: inspect.Parameter) -> Any:
    """A size in the form that a parameter has by its default or annotation."""
    like, note = parameter.default, str(parameter.annotation).lower()
    if meaning == "ratio" and (isinstance(like, float) or "float" in note):
        return float(value)
    if meaning in ("image", "patch"):
        both = value if isinstance(value, tuple) else (value, value)
        pair = isinstance(like, tuple | list) or "tuple" in note or "list" in note
        if meaning == "image" and parameter.name.lower().endswith("shape"):
            return both
        return both if pair else both[0]
    return value


def takes(forward: Callable[..., Any]) -> list[str]:
    """Names of the parameters that a call needs or may have, in order, but `self`."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD,
             inspect.Parameter.KEYWORD_ONLY)  # fmt: skip
    parameters = inspect.signature(forward).parameters.values()
    return [p.name for p in parameters if p.kind in kinds and p.name != "self"]


def needed(forward: Callable[..., Any]) -> list[str]:
    """Names of the parameters that have no default."""
    parameters = inspect.signature(forward).parameters
    return [name for name in takes(forward) if parameters[name].default is inspect.Parameter.empty]


def forward_of(it: Any) -> Callable[..., Any]:
    """What is called: a module's forward, a function itself."""
    return it.forward if isinstance(it, nn.Module) else it
