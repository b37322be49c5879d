"""Intake: what is known of groups of the cloud beside the read-back, before they are imported.

Microsoft Graph tells of them where the document says so, or where the read-back shows no members. A page and the
cursor after it are one transaction. Then those groups are gone that cannot be restored any more, by Graph's word or
by time.
"""

from syncramp.cycle.job import Job, written_back
from syncramp.cycle.phases import Phase
from syncramp.errors import CookieRefused
from syncramp.events import Note
from syncramp.model.cloud import SeenGroup, Teller, together
from syncramp.model.seams import GroupsReader
from syncramp.store.store import Store


def take_in(job: Job, phase: Phase) -> None:
    """Bring what is known of groups of the cloud up to date.

    :raises SyncrampError: Graph broke off; what it told before is kept, and the next run goes on after it.
    """
    other = written_back(job)
    if other.graph is not None:
        _ask(job, other.main, other.graph, phase)
    other.main.cloud.settle_deleted(job.clock())


def _ask(job: Job, store: Store, graph: GroupsReader, phase: Phase) -> None:
    cursor = _begun(store)
    try:
        _pages(job, store, graph, cursor, phase)
    except CookieRefused as error:
        job.listen(Note("warning", str(error)))
        with store.database.transaction():
            store.cloud.intake.forget(Teller.GRAPH)
        _pages(job, store, graph, _begun(store), phase)
    for group in store.cloud.deleted():
        job.go_on()
        if graph.hard_deleted(group):
            store.cloud.hard_deleted(group, job.clock())


def _begun(store: Store) -> str | None:
    """Where Graph goes on; where nothing is known, a read of everything begins."""
    intake = store.cloud.intake
    cursor = intake.cursor()
    if cursor is not None and (intake.complete(Teller.GRAPH) or intake.reading(Teller.GRAPH)):
        return cursor
    with store.database.transaction():
        intake.begin(Teller.GRAPH)
        intake.keep_cursor(None)
    return None


def _pages(job: Job, store: Store, graph: GroupsReader, cursor: str | None, phase: Phase) -> None:
    for page in graph.groups(cursor):
        job.go_on()
        seen: dict[str, SeenGroup] = {}
        for object_id, told in page.groups:
            seen[object_id] = together(seen[object_id], told) if object_id in seen else told
        with store.database.transaction():
            store.cloud.intake.observe(seen, job.clock(), Teller.GRAPH, ended=page.ended)
            store.cloud.intake.keep_cursor(page.cursor)
        phase.advance(objects=len(seen), links=sum(len(told.adds) + len(told.removes) for told in seen.values()))
