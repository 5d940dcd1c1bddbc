"""safetensors: the trained weights alone, under the names of the module's parameters."""

from pathlib import Path

from safetensors.numpy import save

from etude.exporters.exporter import ExportConfig, Exported, Exporter, Trained
from etude.locale.texts import text
from etude.runs.files import replace


def write(trained: Trained, out: Path, options: ExportConfig) -> Exported:
    """Write the weights. Raises StorageError."""
    content = save(trained.weights(), metadata={"format": "pt"})
    replace(out, content)
    return Exported(out, len(content))


EXPORTER = Exporter(ExportConfig, write, text("exporter.safetensors.summary"), ".safetensors")
