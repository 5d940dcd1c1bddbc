"""timm: a Vision Transformer as a folder that timm reads: `timm.create_model("local-dir:FOLDER",
pretrained=True)`."""

from pathlib import Path

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.vit_weights import description, write_folder
from etude.locale.texts import text
from etude.models.weights.written import timm_config


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write model.safetensors, config.json and logits.npz. Raises UsageError, StorageError."""
    about = description(trained)
    return write_folder(trained, out, "timm", about, {"config.json": timm_config(about)})


EXPORTER = Exporter(ExportConfig, write, text("exporter.timm.summary"), "")
