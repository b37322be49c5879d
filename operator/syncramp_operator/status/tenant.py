"""What a status says of the tenant: numbers, ramps, sources and what waits, by the newest run that came to its end.

Every list and every text is cut, and what the API would refuse is left out: a status that is refused tells nothing.
"""

from collections.abc import Sequence
from typing import Any

from syncramp.model.ramps import Phase
from syncramp.model.written import Side
from syncramp_operator.status import wording
from syncramp_operator.status.conditions import held_deletes
from syncramp_operator.status.facts import Object
from syncramp_operator.status.view import MOST, View, instant, items, lasting, part, some, text, to, whole

RAMPS, WAITING, SOURCES = 18, 16, 16
_TEXT, _NAME, _LONG_TEXT = 128, 64, 256
_KINDS = ("users", "groups", "contacts", "devices")


def told_of_tenant(view: View) -> dict[str, Any]:
    """The members of the status; None for what must go."""
    told = view.told
    ramps = [ramp for ramp in items(told, "ramps") if text(ramp, "name") and text(ramp, "phase") in list(Phase)]
    return {
        "objects": {kind: whole(part(told, "inCloud"), kind) for kind in _KINDS},
        "pending": _pending(told),
        "heldDeletes": held_deletes(to(Side.CLOUD, items(told, "waiting"))),
        "rampProgress": wording.cut(text(told, "rampProgress"), 32) or None,
        "rampStep": _step(to(Side.CLOUD, ramps)),
        "ramps": [_ramp(ramp) for ramp in ramps[:RAMPS]],
        "waiting": [_waits(each) for each in items(told, "waiting") if text(each, "digest")][:WAITING],
        "sources": _sources(items(told, "sources")),
        "serviceInterval": lasting(told, "serviceInterval") or None,
        "certificateValidUntil": instant(told, "certificateValidUntil") or None,
        "writeback": _written_back(told, to(Side.DIRECTORY, ramps)),
    }


def _written_back(told: Object, ramps: Sequence[Object]) -> dict[str, Any] | None:
    """What is known of the directory; None where the run told nothing of it."""
    other = part(told, "writeback")
    if not other:
        return None
    return some(
        container=wording.cut(text(other, "container"), _LONG_TEXT),
        server=wording.cut(text(other, "server"), _LONG_TEXT),
        rampProgress=f"{whole(ramps[0], 'ceiling')}/{whole(ramps[0], 'target')}" if ramps else "",
        rampStep=_step(ramps),
    ) | {
        "groups": whole(other, "groups"),
        "members": whole(other, "members"),
        "pending": _pending(other),
        "heldDeletes": held_deletes(to(Side.DIRECTORY, items(told, "waiting"))),
        "unwritable": unwritable(other),
    }


def unwritable(other: Object) -> int:
    """Memberships of the cloud that cannot be in the directory."""
    return min(sum(whole(each, "count") for each in items(other, "unwritable")), MOST)


def lease_of(view: View) -> dict[str, Any]:
    """The Lease of the newest run that has taken one, as soon as it has: the command line looks for it here."""
    runs = [*view.over, *((view.active,) if view.active else ())]
    lease = next((found for run in reversed(runs) if (found := part(part(run, "status"), "lease"))), {})
    place = {name: wording.cut(text(lease, name), _NAME - 1) for name in ("namespace", "name")}
    told = some(**place, holder=wording.cut(text(lease, "holder"), _TEXT))
    return {"lease": told} if told else {}


def _pending(status: Object) -> int:
    """Objects and links that were to go and did not."""
    tallies = (part(status, "objects"), part(status, "links"))
    return sum(max(whole(tally, "expected") - whole(tally, "acknowledged"), 0) for tally in tallies)


def _step(ramps: Sequence[Object]) -> str | None:
    """Of the ramp that is furthest from its end, as the column shows it."""
    going = [ramp for ramp in ramps if text(ramp, "phase") != "Complete"] or list(ramps)
    if not going:
        return None
    last = min(going, key=lambda ramp: whole(ramp, "step") - whole(ramp, "steps"))
    return f"{whole(last, 'step')}/{whole(last, 'steps')}"


def _ramp(ramp: Object) -> dict[str, Any]:
    numbers = ("ceiling", "target", "groups", "groupsHeld", "membersWaiting")
    told = some(
        name=wording.cut(text(ramp, "name"), _NAME - 1),
        direction=_side(ramp).value,
        phase=text(ramp, "phase"),
        step=max(whole(ramp, "step"), 1),
        steps=max(whole(ramp, "steps"), 1),
        pause=wording.cut(text(ramp, "pause"), 32),
        reason=wording.cut(text(ramp, "reason"), _TEXT),
        nextDecisionTime=instant(ramp, "nextDecisionTime"),
        eta=instant(ramp, "eta"),
    )
    return told | {name: whole(ramp, name) for name in numbers}


def _side(found: Object) -> Side:
    return Side.DIRECTORY if to(Side.DIRECTORY, [found]) else Side.CLOUD


def _waits(waiting: Object) -> dict[str, Any]:
    digest = wording.cut(text(waiting, "digest"), _NAME)
    return some(
        direction=_side(waiting).value,
        **{"class": wording.cut(text(waiting, "class"), 32)},
        reason=wording.cut(text(waiting, "reason"), _NAME),
        count=whole(waiting, "count"),
        digest=digest,
        annotation=f"syncramp.io/approve={digest}",
    )


def _sources(parts: Sequence[Object]) -> list[dict[str, Any]]:
    """One for each source, whose parts are added up; those that were not read completely come first."""
    found: dict[str, dict[str, Any]] = {}
    for each in parts:
        name = wording.cut(text(each, "name"), _NAME)
        known = found.setdefault(name, {"name": name, "complete": True, "entries": 0})
        known["entries"] += whole(each, "entries")
        if text(each, "tracking"):
            known["tracking"] = wording.cut(text(each, "tracking"), _NAME)
            known["delta"] = known.get("delta", True) and each.get("delta") is True
            known["milliseconds"] = max(known.get("milliseconds", 0), whole(each, "milliseconds"))
        if each.get("complete") is not True:
            known["complete"] = False
            if text(each, "doubt"):
                known.setdefault("doubt", wording.cut(text(each, "doubt"), _NAME))
            known.setdefault("reason", wording.within(text(each, "reason"), _TEXT))
    return sorted(found.values(), key=lambda each: bool(each["complete"]))[:SOURCES]
