"""What an explanation tells of groups that are written back: the group itself, and what the directory has of it."""

from collections.abc import Iterable, Iterator

from syncramp.model.cloud import CloudState
from syncramp.model.explanation_written import WrittenAttribute, WrittenGroup, WrittenTold
from syncramp.report.approvals import decision_lines
from syncramp.report.explanation_object import ramp_lines
from syncramp.report.explanation_pending import change_lines, link_lines
from syncramp.report.layout import labelled, moment, wrapped
from syncramp.report.values import shown
from syncramp.words import count
from syncramp.writeback.payload import marked
from syncramp.writeback.unwritable import told as unwritable_told

_NAME = 30


def written_lines(told: WrittenTold | None) -> Iterator[str]:
    """A group of the cloud, and what the directory has of it."""
    if told is None:
        return
    yield f"Group {told.name or marked(told.object_id)}, mastered in the cloud"
    yield from labelled("object id", told.object_id)
    state = "there" if told.state == CloudState.LIVE else f"{told.state} since {moment(told.since)}"
    members = "members nobody ever told" if told.members is None else count(told.members, "member")
    yield from labelled("cloud", f"{state}, {members}")
    yield from labelled("written back", f"no: {told.refused}" if told.refused else "yes")
    if told.unwritable:
        yield from labelled("", unwritable_told(told.unwritable))
    if told.there is not None and (told.there.present or not told.refused):
        yield from _there(told.there)
    else:
        yield from labelled("directory", "not there" if told.there else "no run has judged it for the directory yet")


def _there(there: WrittenGroup) -> Iterator[str]:
    yield from labelled("directory", there.dn if there.present else f"not there yet; it will be {there.dn}")
    if there.held:
        yield from labelled("held", f"{there.held[1]} ({there.held[0]})")
    for number, line in enumerate(there.noted):
        yield from labelled("" if number else "last run", line)
    yield ""
    yield "Pending" if there.change or there.links else "Pending: nothing"
    yield from change_lines(there.change)
    yield from link_lines(there.links)
    yield from decision_lines(there.approvals, there.proposals)
    yield from _attributes(there.attributes)
    yield from _members(there)
    yield from ramp_lines(there.ramp)


def _attributes(attributes: Iterable[WrittenAttribute]) -> Iterator[str]:
    for number, each in enumerate(attributes):
        if not number:
            yield ""
            yield "Attributes, and what they are made of"
        value = "; ".join(shown(each.desired)) if each.desired is not None else "nothing"
        yield from wrapped(f"  {each.name:{_NAME}} {value}{f' ← {each.of}' if each.of else ''}", " " * (_NAME + 5))
        if each.there != each.desired:
            there = "; ".join(shown(each.there)) if each.there is not None else "nothing"
            yield from wrapped(f"  {'':{_NAME}} in the directory: {there}", " " * (_NAME + 5))


def _members(there: WrittenGroup) -> Iterator[str]:
    yield ""
    yield "Members in the directory"
    yield from labelled("desired", f"{there.desired:,}: those who can be there")
    yield from labelled("there", f"surely {there.sure:,}, possibly {there.possible:,}")
    if there.drifted:
        yield from labelled("edited", f"{there.drifted:,} that somebody put in or took out there")
    yield from (f"    {name}" for name in there.names)
    if (all_of_them := there.desired or there.possible) > len(there.names):
        yield f"    … and {all_of_them - len(there.names):,} more (--members lists all)"
