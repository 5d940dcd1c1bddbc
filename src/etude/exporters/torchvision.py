"""torchvision: the weights of a Vision Transformer with the names of torchvision's vit_* models, as
one .safetensors file: `model.load_state_dict(safetensors.torch.load_file(FILE))`."""

from pathlib import Path

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.vit_weights import description, write_file
from etude.locale.texts import text


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the file. Raises UsageError, StorageError."""
    return write_file(trained, out, "torchvision", description(trained))


EXPORTER = Exporter(ExportConfig, write, text("exporter.torchvision.summary"), ".safetensors")
