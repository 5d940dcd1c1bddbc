"""timm, transformers and torchvision in a process of their own: they write files, and read ours.

    python vit_libraries.py write FOLDER    python vit_libraries.py read FOLDER

A process of its own, because torchvision cannot be imported beside this build of torch unless the
operators that it expects exist; here they are declared, and nothing calls them.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

OPERATORS = (
    "nms qnms roi_align qroi_align _roi_align_backward ps_roi_align _ps_roi_align_backward "
    "roi_pool _roi_pool_backward ps_roi_pool _ps_roi_pool_backward deform_conv2d "
    "_deform_conv2d_backward"
)
SIZES = {
    "small": {"img_size": 32, "patch_size": 4, "embed_dim": 64, "depth": 3, "num_heads": 4},
    "tiny": {"img_size": 224, "patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3},
    "grey": {"img_size": 28, "patch_size": 7, "embed_dim": 64, "depth": 4, "num_heads": 4},
}
CLASSES = 5
GRIDS = [((14, 14), (6, 4)), ((8, 8), (7, 7)), ((4, 4), (8, 8)), ((3, 5), (9, 2))]


def channels(size: str) -> int:
    return 1 if size == "grey" else 3


def shake(model: torch.nn.Module) -> torch.nn.Module:
    """Random values in every parameter, so that a fault in any of them shows."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            std = {1: 0.1}.get(p.ndim, 0.4 if p.ndim == 3 else p[0].numel() ** -0.5)
            p.copy_(torch.randn(p.shape) * std)
            if p.ndim == 1 and name.endswith("weight"):
                p.add_(1)
    return model.eval()


def outputs(model, folder: Path, shape) -> None:
    """logits.npz with images and the model's own answers."""
    x = torch.randn(2, *shape)
    with torch.no_grad():
        y = model(x)
    np.savez(folder / "logits.npz", x=x.numpy(), logits=getattr(y, "logits", y).numpy())


def write(root: Path) -> None:
    import timm
    from safetensors.torch import save_file
    from timm.layers import resample_abs_pos_embed
    from timm.models import save_for_hf
    from torchvision.models import VisionTransformer
    from transformers import ViTConfig, ViTForImageClassification, ViTModel

    def timm_model(size, **more):
        sizes = {**SIZES[size], "in_chans": channels(size), "num_classes": CLASSES, **more}
        torch.manual_seed(1)
        return shake(timm.create_model("vit_tiny_patch16_224", **sizes)), sizes

    for size in SIZES:
        model, sizes = timm_model(size)
        shape = channels(size), sizes["img_size"], sizes["img_size"]
        folder = root / f"timm-{size}"
        save_for_hf(model, folder, model_args=sizes, safe_serialization=True)
        outputs(model, folder, shape)
        c = ViTConfig(
            hidden_size=sizes["embed_dim"], num_hidden_layers=sizes["depth"],
            num_attention_heads=sizes["num_heads"], intermediate_size=4 * sizes["embed_dim"],
            image_size=sizes["img_size"], patch_size=sizes["patch_size"],
            num_channels=channels(size), num_labels=CLASSES,
        )  # fmt: skip
        torch.manual_seed(2)
        model, folder = shake(ViTForImageClassification(c)), root / f"hf-{size}"
        model.save_pretrained(folder)
        outputs(model, folder, shape)
        if size == "small":
            save_file(model.state_dict(), root / "hf-memory.safetensors")
            torch.manual_seed(3)
            shake(ViTModel(c)).save_pretrained(root / "hf-model")
            c.hidden_act = "gelu_new"
            shaken, folder = shake(ViTForImageClassification(c)), root / "hf-tanh"
            shaken.save_pretrained(folder)
            outputs(shaken, folder, shape)
        if channels(size) == 3:
            torch.manual_seed(4)
            dimensions = (sizes["depth"], sizes["num_heads"], sizes["embed_dim"])
            model = shake(
                VisionTransformer(
                    sizes["img_size"], sizes["patch_size"], *dimensions,
                    4 * sizes["embed_dim"], num_classes=CLASSES,
                )
            )  # fmt: skip
            folder = root / f"torchvision-{size}"
            folder.mkdir()
            save_file(model.state_dict(), folder / "model.safetensors")
            torch.save(model.state_dict(), root / f"torchvision-{size}.pth")
            outputs(model, folder, shape)
    model, sizes = timm_model("small", qkv_bias=False)
    save_for_hf(model, root / "timm-no-bias", model_args=sizes, safe_serialization=True)
    outputs(model, root / "timm-no-bias", (3, 32, 32))
    model, sizes = timm_model("small", init_values=0.1)
    save_for_hf(model, root / "timm-scaled", model_args=sizes, safe_serialization=True)
    arrays = {}
    for i, (old, new) in enumerate(GRIDS):
        positions = torch.randn(1, 1 + old[0] * old[1], 8)
        moved = resample_abs_pos_embed(positions, list(new), list(old))
        arrays |= {f"old{i}": positions.numpy(), f"new{i}": moved.numpy()}
    np.savez(root / "positions.npz", **arrays)


def read(root: Path) -> None:
    """Answers of the libraries with the weights that étude wrote for an image: results.json."""
    import timm
    from safetensors.torch import load_file
    from timm.models.vision_transformer import VisionTransformer as Timm
    from torchvision.models import VisionTransformer
    from transformers import ViTForImageClassification

    x = torch.from_numpy(np.load(root / "x.npy"))
    sizes = json.loads((root / "sizes.json").read_text())
    answers, report = {}, {}
    with torch.no_grad():
        model, info = ViTForImageClassification.from_pretrained(
            root / "hf", output_loading_info=True
        )
        report = {k: sorted(map(str, info[k])) for k in ("missing_keys", "unexpected_keys")}
        answers["hf"] = model.eval()(x).logits
        answers["timm"] = timm.create_model(f"local-dir:{root / 'timm'}", pretrained=True).eval()(x)
        (classes,) = answers["timm"].shape[1:]
        plain = Timm(
            img_size=x.shape[-1], patch_size=sizes["patch"], in_chans=x.shape[1],
            num_classes=classes, embed_dim=sizes["width"], depth=sizes["depth"],
            num_heads=sizes["heads"], mlp_ratio=sizes["mlp_ratio"],
        )  # fmt: skip
        plain.load_pretrained(str(root / "weights.npz"))
        answers["npz"] = plain.eval()(x)
        other = VisionTransformer(
            x.shape[-1], sizes["patch"], sizes["depth"], sizes["heads"], sizes["width"],
            round(sizes["width"] * sizes["mlp_ratio"]), num_classes=classes,
        )  # fmt: skip
        side = sizes["patch"]  # its class is for three channels
        other.conv_proj = torch.nn.Conv2d(x.shape[1], sizes["width"], side, side)
        other.load_state_dict(load_file(root / "torchvision.safetensors"))
        answers["torchvision"] = other.eval()(x)
    np.savez(root / "answers.npz", **{name: y.numpy() for name, y in answers.items()})
    (root / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS.split():
        library.define(f"{operator}(Tensor x) -> Tensor")
    torch.set_num_threads(1)
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
