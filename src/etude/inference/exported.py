"""An exported file in the hand: predictions from the file alone, without its run and without the
architectures of this package."""

from pathlib import Path

from etude import registry
from etude.data.card import Card
from etude.data.dataset import Split
from etude.errors import NumericsError, UsageError
from etude.exporters.attention import Attending
from etude.exporters.exporter import Trained
from etude.exporters.graph import Deployed
from etude.exporters.onnx_file import OnnxFile
from etude.exporters.parity import Parity
from etude.exporters.trial import tried
from etude.inference.predictions import predictions
from etude.locale.texts import text
from etude.system.caller import preserve_caller_state
from etude.system.limits import Plain
from etude.tasks.protocol import Replying


class ExportedFile:
    """A network in an ONNX file that étude wrote. Raises RunError, UsageError."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.file = OnnxFile.open(self.path)

    def __repr__(self) -> str:
        return f"ExportedFile({str(self.path)!r})"

    @property
    def card(self) -> Card:
        """The description of its data. Raises RunError if étude did not write the file."""
        return self.file.card

    @preserve_caller_state()
    def predict(self, inputs: object) -> list[Plain]:
        """One prediction per sample, as `Run.predict` of the run that was exported."""
        return predictions(inputs, self.card, self._answers)

    def _answers(self, samples: Split) -> list[dict[str, object]]:
        outputs = self.file.answers(samples)
        for name, values in outputs.items():
            if not (values == values).all():
                raise NumericsError(text("export.not_finite", output=name))
        task = registry.load("task", self.file.metadata.get("etude.task", ""))
        if isinstance(task, Replying):
            return task.replies(self.card, outputs)
        rows = zip(*(values.tolist() for values in outputs.values()))
        return [dict(zip(outputs, row)) for row in rows]

    @preserve_caller_state()
    def verify(self, trained: Trained) -> Parity:
        """Compare its answers with those of the run on the test split. Raises UsageError for the
        file of another run, DataError, NumericsError."""
        if self.file.metadata.get("recipe") != trained.recipe.digest:
            raise UsageError(text("verify.other_run", path=self.path, run=trained.label))
        attending = "attention" in self.file.outputs
        deployed = Attending(trained) if attending else Deployed(trained)
        return tried(deployed, trained.samples(), self.file.play)
