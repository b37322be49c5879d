"""What people accept of sources in the annotation of a document: taken once, whatever becomes of it."""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.cycle.job import Reading
from syncramp.events import Note
from syncramp.model.acceptances import ANNOTATION, BY_ANNOTATION, Acceptance, combined


def take_acceptances(
    job: Reading, source: str, identity: int, partitions: Sequence[str], only: str | None = None
) -> None:
    """Write down what the document accepts of a source; a text that was taken before is not taken again.

    :param partitions: the parts of the source, as it names them now.
    :param only: what is said of this part alone is taken; None: of all of them.
    """
    said = [one for one in job.config.accepts if one.source == source]
    if said and len(partitions) > 1 and not all(one.partition for one in said):
        named = " or ".join(f"{source}/{partition}=…" for partition in partitions)
        job.listen(Note("warning", f"the annotation {ANNOTATION}: {source} has several parts; write {named}"))
    for partition in partitions if only is None else (only,):
        _take(job, identity, partition, [one for one in said if _means(one, partition, partitions)])


def _means(one: Acceptance, partition: str, partitions: Sequence[str]) -> bool:
    return one.partition.lower() == partition.lower() if one.partition else len(partitions) == 1


def _take(job: Reading, identity: int, partition: str, said: Sequence[Acceptance]) -> None:
    text = "; ".join(one.what for one in said)
    before = job.store.staging.accepted(identity, partition)
    if text and text != before.annotated:
        accepted = replace(combined(said, BY_ANNOTATION), annotated=text)
        job.store.staging.accept(identity, partition, accepted)
