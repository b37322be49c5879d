"""What the container of a Job is to do: its SyncRun and its SyncConfig, as the API server shows them."""

from dataclasses import dataclass
from pathlib import Path

from syncramp_operator.api.cluster import Cluster, ObjectMissing
from syncramp_operator.api.resources import SYNCCONFIGS, SYNCRUNS, Object
from syncramp_operator.execution.documents import document_of
from syncramp_operator.execution.secrets import write
from syncramp_operator.runner.speakers import Patches, Speaker
from syncramp_operator.runs.run_end import Outcome, RunPhase, RunReason
from syncramp_operator.runs.syncruns import phase_of

OUTDATED = "The document was changed before the run began; the next run goes by the new one"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A run that is to be made."""

    document: Path
    full: bool
    plans: bool
    speaker: Speaker


def assigned(cluster: Cluster, run: str, folder: Path) -> Assignment | None:
    """The run that is to be made; None where there is none any more: it is over, or its document is another one.

    :param run: namespace and name of the SyncRun.
    :param folder: where the document is laid.
    :raises SyncrampError: the API server does not say.
    """
    namespace, name = run.split("/", 1)
    try:
        found = cluster.get(SYNCRUNS, namespace, name)
        config = cluster.get(SYNCCONFIGS, namespace, found["spec"]["configRef"]["name"])
    except ObjectMissing:
        return None
    if phase_of(found).over:
        return None
    speaker, spec = Patches(cluster, found), found["spec"]
    if not _same(config, spec["configRef"]):
        speaker.finish(Outcome(RunPhase.CANCELLED, RunReason.CANCELLED, OUTDATED))
        return None
    document = folder / "syncconfig.yaml"
    write(document, document_of(config))
    return Assignment(document, spec["type"] == "Full", spec["mode"] == "Plan", speaker)


def _same(config: Object, reference: Object) -> bool:
    metadata = config["metadata"]
    return (metadata["uid"], metadata["generation"]) == (reference["uid"], reference["generation"])
