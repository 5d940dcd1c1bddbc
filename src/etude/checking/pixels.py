"""A patch embedding alone, judged by which pixels reach which token.

N batch · T tokens · D width
"""

from etude.checking import patches
from etude.checking.source import CannotJudge
from etude.checking.subject import Subject, first
from etude.shapes import Tensor

N = 2
"""Images of a batch."""


def tokens_of(out: Tensor) -> Tensor:
    """[N T D], of [T N D] or of a map [N D h w]."""
    if out.ndim == 4:
        return out.flatten(2).mT
    return out.transpose(0, 1) if out.ndim == 3 and out.shape[1] == N != len(out) else out


def judge(subject: Subject, x: Tensor) -> None:
    """Which pixels reach which token. Fault: patches_scrambled."""

    def tokens(images: Tensor) -> Tensor:
        made = first(subject.run(images))
        if made.ndim == 4:
            return made.flatten(2).mT
        return made if len(made) == len(images) else made.transpose(0, 1)

    if first(subject.run(x)).ndim not in (3, 4):
        raise CannotJudge("check_no_product", what="patches")
    seen = patches.fields(tokens, x[0])
    if seen.form in ("patches", "columns") and patches.alike(
        tokens, x.shape[1:], patches.size(seen), seen.filled
    ):
        subject.variants += ["columns_first"] if seen.form == "columns" else []
        subject.variants.append("by_properties")
    elif seen.form == "overlapping":
        subject.variants.append("overlapping_patches")
    elif seen.form == "" and not any(
        p.ndim == 4 and len(p) > 1 for p in list(subject.parameters.values())[1:]
    ):
        evidence = ("pixels that reach one token", "one patch", "of several places")
        subject.fault("patches_scrambled", subject.line_in("forward"), evidence)
    else:
        subject.doubt = ("check_no_match", {"step": "patches", "line": subject.line_in("forward")})
