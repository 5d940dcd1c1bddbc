"""fashion-mnist: 70,000 pictures of clothes, 28x28 grey pixels, 10,000 the official test split.

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms", 2017 (MIT). Debian has it as the package dataset-fashion-mnist.
"""

from etude.data.dataset import Raw, Source
from etude.data.mnist_files import Config, File, Published
from etude.data.mnist_files import load as load_files
from etude.locale.texts import text

PUBLISHED = Published(
    name="fashion-mnist",
    # Without encryption, but a file with any other SHA-256 than those below is refused.
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    packaged=("/usr/share/datasets/fashion-mnist",),
    files=(
        File(
            "train-images-idx3-ubyte",
            26_421_880,
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        File(
            "train-labels-idx1-ubyte",
            29_515,
            "25c81989df183df01b3e8a0aad5dffbe",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        File(
            "t10k-images-idx3-ubyte",
            4_422_102,
            "bef4ecab320f06d8554ea6380940ec79",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            5_148,
            "bb300cfdad3c16e7a12a480ee83cd310",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)


def load(config: Config) -> Raw:
    """Images [n 1 28 28] uint8 (or another size), ten classes of clothes."""
    return load_files(PUBLISHED, config)


SOURCE = Source(Config, load, text("source.fashion-mnist.summary"))
