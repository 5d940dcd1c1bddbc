"""MLflow: a database in ./mlflow.db, pictures below ./mlruns, shown by `mlflow ui`.

MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME of the user's environment are respected. Source: the
reference of MlflowClient, which, unlike mlflow.start_run, keeps no state of its own.
"""

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etude.trackers.tracker import IDENTITY, PROJECT, Facts, Moment, Scalar, State, Tracker

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
BATCH = 100
"""Parameters in one request; MLflow accepts no more."""
LONGEST = 500
"""Characters of a parameter that every version of MLflow stores."""


class MlflowRun:
    """A run of MLflow; see Log.

    It is written again from the first epoch on. The run that it replaces goes to MLflow's trash,
    from which `mlflow` can restore it.
    """

    def __init__(self, facts: Facts) -> None:
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        home = Path(facts.place)
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home / 'mlflow.db'}"
        self.client = MlflowClient(tracking_uri=uri)
        experiment = _experiment(self.client, home)
        tag = f"tags.`{IDENTITY}` = '{facts.identity}'"
        self.stale = [run.info.run_id for run in self.client.search_runs([experiment], tag)]
        tags = {IDENTITY: facts.identity} | ({"group": facts.group} if facts.group else {})
        run = self.client.create_run(experiment, run_name=facts.name, tags=tags)
        self.run, self.step = run.info.run_id, 0
        params = [Param(_key(k), str(value)[:LONGEST]) for k, value in facts.config.items()]
        for start in range(0, len(params), BATCH):
            self.client.log_batch(self.run, params=params[start : start + BATCH])

    def add(self, moments: Sequence[Moment]) -> None:
        """See Log."""
        for moment in moments:
            self.client.log_batch(self.run, metrics=_metrics(moment))
            self.step = moment.step
        for run in self.stale:
            self.client.delete_run(run)
        self.stale = []

    def end(self, summary: Mapping[str, Scalar], pictures: Mapping[str, Path]) -> None:
        """See Log."""
        numbers = {tag: float(x) for tag, x in summary.items() if not isinstance(x, str)}
        self.client.log_batch(self.run, metrics=_metrics(Moment(self.step, time.time(), numbers)))
        for path in pictures.values():
            self.client.log_artifact(self.run, str(path), "pictures")

    def close(self, state: State) -> None:
        """See Log."""
        self.client.set_terminated(self.run, STATUS[state])


def _experiment(client: "MlflowClient", home: Path) -> str:
    """The id of the experiment, which is created if it is missing."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    local = not os.environ.get("MLFLOW_TRACKING_URI")  # a server has a place of its own
    files = (home / "mlruns").as_uri() if local else None
    return str(client.create_experiment(name, artifact_location=files))


def _metrics(moment: Moment) -> "list[Metric]":
    from mlflow.entities import Metric

    when = round(moment.time * 1000)
    return [Metric(_key(tag), x, when, moment.step) for tag, x in moment.values.items()]


def _key(name: str) -> str:
    """A name in the characters that MLflow allows; names of columns and classes have others too."""
    return re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)


TRACKER = Tracker(MlflowRun, package="mlflow", install="mlflow", summary="tracker.mlflow.summary")
