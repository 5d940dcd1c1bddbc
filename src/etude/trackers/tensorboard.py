"""TensorBoard: event files in ./tensorboard/NAME, shown by `tensorboard --logdir tensorboard`.

Written by tensorboard's own writer, so without torch. Source: the formats of its plugins scalars,
text, images and hparams.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from etude.trackers.tracker import Facts, Moment, Scalar, State, Tracker

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary


class EventFile:
    """The event file of one run; see Log."""

    def __init__(self, facts: Facts) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import summary_v2 as hparams
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        ending = f".etude-{facts.identity}"
        home = Path(facts.place, "tensorboard", facts.group)
        folder = _folder(home, facts.name, ending)
        self.stale = sorted(folder.glob(f"*{ending}"))
        self.writer = EventFileWriter(str(folder), filename_suffix=ending)
        self.summary, self.step = Summary, 0
        self._write(hparams.hparams_pb(facts.config, facts.identity), 0, time.time())
        recipe = json.dumps(facts.config, indent=1, ensure_ascii=False)
        self._write(_text("recipe", recipe), 0, time.time())

    def _write(self, summary: "Summary", step: int, when: float) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self.writer.add_event(Event(wall_time=when, step=step, summary=summary))

    def _scalars(self, values: Mapping[str, float], step: int, when: float) -> None:
        entries = [self.summary.Value(tag=tag, simple_value=x) for tag, x in values.items()]
        self._write(self.summary(value=entries), step, when)

    def add(self, moments: Sequence[Moment]) -> None:
        """See Log."""
        for moment in moments:
            self._scalars(moment.values, moment.step, moment.time)
            self.step = moment.step
        self.writer.flush()
        # Only now: until here the earlier file was the complete one.
        for file in self.stale:
            file.unlink(missing_ok=True)
        self.stale = []

    def end(self, summary: Mapping[str, Scalar], pictures: Mapping[str, Path]) -> None:
        """See Log."""
        numbers = {tag: float(x) for tag, x in summary.items() if not isinstance(x, str)}
        self._scalars(numbers, self.step, time.time())
        for name, path in pictures.items():
            with Image.open(path) as image:
                size = {"width": image.width, "height": image.height}
                colours = len(image.getbands())
            picture = self.summary.Image(
                **size, colorspace=colours, encoded_image_string=path.read_bytes()
            )
            value = self.summary.Value(tag=f"pictures/{name}", image=picture)
            self._write(self.summary(value=[value]), self.step, time.time())

    def close(self, state: State) -> None:
        """See Log."""
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        name = {"finished": "STATUS_SUCCESS", "stopped": "STATUS_RUNNING"}.get(state)
        status = api_pb2.Status.Value(name or "STATUS_FAILURE")
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
        data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
        value = self.summary.Value(
            tag=metadata.SESSION_END_INFO_TAG,
            metadata=metadata.create_summary_metadata(data),
            tensor=metadata.NULL_TENSOR,
        )
        self._write(self.summary(value=[value]), self.step, time.time())
        self.writer.close()


def _folder(home: Path, name: str, ending: str) -> Path:
    """The folder of a run: its name, with a number if another run of this name has its events there
    (its own folder was deleted or moved), because TensorBoard would draw both as one."""
    for number in range(1, 100_000):
        folder = home / (name if number == 1 else f"{name}-{number}")
        if all(file.name.endswith(ending) for file in folder.glob("*tfevents*")):
            return folder
    raise FileExistsError(str(home / name))


def _text(tag: str, words: str) -> "Summary":
    """A text for the tab of texts, as a block of code."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
    from tensorboard.plugins.text.metadata import create_summary_metadata

    block = "\n".join(f"    {line}" for line in words.splitlines())
    size = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype="DT_STRING", string_val=[block.encode()], tensor_shape=size)
    data = create_summary_metadata(display_name=tag, description="")
    return Summary(value=[Summary.Value(tag=tag, metadata=data, tensor=tensor)])


TRACKER = Tracker(
    EventFile,
    package="tensorboard",
    install="'etude[tensorboard]'",
    summary="tracker.tensorboard.summary",
)
