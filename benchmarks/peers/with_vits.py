"""The ViT of timm, or of vit-pytorch (`--library`), trained as `plain_tensors` trains.

timm: the same network to the parameter. vit-pytorch: as near as it can be built: it has no bias on
q, k, v and a LayerNorm before and after the patches' map, and drops attention weights too.
"""

import sys

import program

LIBRARY = sys.argv.pop(sys.argv.index("--library") + 1) if "--library" in sys.argv else "timm"
sys.argv = [word for word in sys.argv if word != "--library"]
given = program.words(__doc__, ("vit",))

import networks  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
import torchvision_ops  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torchvision_ops.declare()


def timm() -> torch.nn.Module:
    """timm's VisionTransformer."""
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(
        img_size=28,
        patch_size=4,
        in_chans=1,
        num_classes=10,
        embed_dim=64,
        depth=6,
        num_heads=4,
        mlp_ratio=2.0,
        pos_drop_rate=0.1,
        proj_drop_rate=0.1,
    )


def vit_pytorch() -> torch.nn.Module:
    """vit-pytorch's ViT."""
    from vit_pytorch import ViT

    return ViT(
        image_size=28,
        patch_size=4,
        channels=1,
        num_classes=10,
        dim=64,
        depth=6,
        heads=4,
        dim_head=16,
        mlp_dim=128,
        dropout=0.1,
        emb_dropout=0.1,
    )


def main() -> None:
    """Train, test, report."""
    tensors.begin(given)
    model = {"timm": timm, "vit_pytorch": vit_pytorch}[LIBRARY]()
    x, y, x_test, y_test = tensors.splits(given)
    optimizer = torch.optim.Adam(model.parameters(), lr=networks.LR)
    clock = program.Clock(given.batch)
    clock.start()
    for _ in range(given.epochs):
        model.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x) - given.batch + 1, given.batch):
            chosen = order[start : start + given.batch]
            optimizer.zero_grad()
            F.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
            clock.step()
    quality = networks.quality(model, x_test, y_test)
    packages = (LIBRARY.replace("_", "-"), "torch")
    program.report(LIBRARY, given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
