"""hf: a Vision Transformer as a folder that transformers reads:
`ViTForImageClassification.from_pretrained(FOLDER)`."""

from pathlib import Path

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.exporters.vit_weights import description, write_folder
from etude.locale.texts import text
from etude.models.weights.written import hf_config, hf_preparation


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write model.safetensors, config.json, preprocessor_config.json and logits.npz. Raises
    UsageError, StorageError."""
    about = description(trained)
    texts = {
        "config.json": hf_config(about),
        "preprocessor_config.json": hf_preparation(about),
    }
    return write_folder(trained, out, "hf", about, texts)


EXPORTER = Exporter(ExportConfig, write, text("exporter.hf.summary"), "")
