"""mnist: 70,000 handwritten digits of 28x28 grey pixels, 10,000 of them the official test split.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from etude.data.dataset import Raw, Source
from etude.data.mnist_files import Config, File, Published
from etude.data.mnist_files import load as load_files
from etude.locale.texts import text

PUBLISHED = Published(
    name="mnist",
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
    files=(
        File(
            "train-images-idx3-ubyte",
            9_912_422,
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        File(
            "train-labels-idx1-ubyte",
            28_881,
            "d53e105ee54ea40749a09fcbcd1e9432",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        File(
            "t10k-images-idx3-ubyte",
            1_648_877,
            "9fb629c4189551a2d022fa330f9573f3",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            4_542,
            "ec29112dd5afa0611ce80d1b7f02629c",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    classes=tuple(str(digit) for digit in range(10)),
)


def load(config: Config) -> Raw:
    """Images [n 1 28 28] uint8 (or another size), classes "0" to "9"."""
    return load_files(PUBLISHED, config)


SOURCE = Source(Config, load, text("source.mnist.summary"))
