"""Lets libraries that import torchvision do so where its compiled part does not load.

No peer here calls any of it; but timm, vit-pytorch, lightning and fastai import it. Where its
operators cannot be loaded, their names are declared, which is all that the import asks for; to call
one would be an error still.
"""

import torch

OPERATORS = (
    "nms", "qnms", "qroi_align", "deform_conv2d", "_deform_conv2d_backward", "roi_align",
    "_roi_align_backward", "roi_pool", "_roi_pool_backward", "ps_roi_align",
    "_ps_roi_align_backward", "ps_roi_pool", "_ps_roi_pool_backward",
)  # fmt: skip
_held: list[torch.library.Library] = []


def declare() -> None:
    """Declare the operators, where torchvision is here but they are not."""
    try:
        import torchvision  # noqa: F401
    except ImportError:
        return
    except RuntimeError:
        fragment = torch.library.Library("torchvision", "FRAGMENT")
        for operator in OPERATORS:
            fragment.define(f"{operator}(Tensor x) -> Tensor")
        _held.append(fragment)  # they vanish with it
