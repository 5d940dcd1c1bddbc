"""Plain PyTorch as every tutorial has it: a Dataset that transforms single samples, a DataLoader, a
loop that asks for the loss each step.

`--workers 2` loads in two processes. ToTensor and Normalize are torchvision's, line by line, so
that it is not needed. The autoencoder's loop is that of E. Linder-Norén's PyTorch-GAN in form, with
the notes' three phases.
"""

import program

given = program.words(__doc__, ("mlp", "cnn", "lstm", "vit", "aae"))

import fashion  # noqa: E402
import networks  # noqa: E402
import numpy as np  # noqa: E402
import tensors  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402


class ToTensor:
    """A PIL image as a tensor [C H W] in 0..1."""

    def __call__(self, image: Image.Image) -> torch.Tensor:
        x = torch.from_numpy(np.array(image, np.uint8, copy=True))
        x = x.view(image.size[1], image.size[0], len(image.getbands()))
        return x.permute((2, 0, 1)).contiguous().to(torch.float32).div(255)


class Normalize:
    """Minus mean, over std, by channel."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self.mean, self.std = mean, std

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        x = x.clone()
        mean = torch.as_tensor(self.mean, dtype=x.dtype).view(-1, 1, 1)
        std = torch.as_tensor(self.std, dtype=x.dtype).view(-1, 1, 1)
        return x.sub_(mean).div_(std)


class FashionMNIST(Dataset):
    """As torchvision's: an image is made and transformed when it is asked for."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transforms: list) -> None:
        self.images, self.labels = torch.from_numpy(images.copy()), torch.from_numpy(labels.copy())
        self.transforms = transforms

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        x = Image.fromarray(self.images[index].numpy())
        for transform in self.transforms:
            x = transform(x)
        return x, int(self.labels[index])


def main() -> None:
    """Train, test, report."""
    model = tensors.begin(given)
    aae = given.network == "aae"
    mean, std = (0.5, 0.5) if aae else (fashion.MEAN, fashion.STD)
    x, y, x_test, y_test = fashion.read(given.samples)
    data = FashionMNIST(x, y, [ToTensor(), Normalize((mean,), (std,))])
    loader = DataLoader(
        data, batch_size=given.batch, shuffle=True, num_workers=given.workers, drop_last=True
    )
    game = networks.Game(model) if aae else None
    optimizer = torch.optim.Adam(model.parameters(), lr=networks.LR)
    criterion = nn.CrossEntropyLoss()
    clock = program.Clock(given.batch)
    clock.start()
    for _ in range(given.epochs):
        model.train()
        running = 0.0
        for images, labels in loader:
            if game:
                running += game.step(images).item()
            else:
                optimizer.zero_grad()
                loss = criterion(model(images), labels)
                loss.backward()
                optimizer.step()
                running += loss.item()
            clock.step()
    quality = networks.quality(
        model,
        torch.from_numpy(fashion.scaled(x_test, given.network)),
        torch.from_numpy(y_test.astype(np.int64)),
    )
    name = "idiomatic" + (f"_{given.workers}_workers" if given.workers else "")
    packages = ("torch", "pillow", "numpy")
    program.report(name, given, clock.speeds(), quality, networks.count(model), packages)


if __name__ == "__main__":
    main()
