"""An explanation as JSON; the form is documented in ``docs/explain-json.md`` and carries a version."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from syncramp.model.explanation import Answer, Explanation
from syncramp.model.explanation_written import WrittenGroup, WrittenTold
from syncramp.model.plan import MembershipChange
from syncramp.report.json import VERSION, held_links, object_change


def explanation_document(answer: Answer) -> str:
    """Who was found, and why they are in the cloud as they are, or are not."""
    told = answer.explanation
    body = {
        "version": VERSION,
        **asdict(answer.finding),
        "foreign": answer.finding.foreign or None,
        "run": asdict(answer.last) if answer.last else None,
        "explanation": _explanation(told) if told else None,
        "written": _written(answer.written) if answer.written else None,
    }
    return json.dumps(body, indent=2)


def _explanation(told: Explanation) -> dict[str, Any]:
    return {
        "kind": told.kind.value,
        "dn": told.dn,
        "anchor": told.anchor,
        "entry": asdict(told.entry),
        "scope": asdict(told.verdict),
        "cloud": asdict(told.cloud),
        "person": asdict(told.person),
        "attributes": [{name: _plain(value) for name, value in asdict(each).items()} for each in told.attributes],
        "references": [asdict(each) for each in told.references],
        "referrers": told.referrers,
        "groups": [asdict(each) for each in told.groups],
        "written_back": [asdict(each) for each in told.written_back],
        "members": asdict(told.members) if told.members else None,
        "ramp": asdict(told.ramp) if told.ramp else None,
        "change": object_change(told.change) if told.change else None,
        "links": _links(told.links),
        "said": [asdict(each) for each in told.said],
        "approvals": [each.as_json() for each in told.approvals],
        "waiting": [each.as_json() for each in told.proposals],
    }


def _written(told: WrittenTold) -> dict[str, Any]:
    there = told.there
    return {
        "object_id": told.object_id,
        "name": told.name,
        "state": told.state,
        "since": told.since,
        "refused": told.refused,
        "members": told.members,
        "unwritable": dict(told.unwritable),
        "there": _there(there) if there else None,
    }


def _there(there: WrittenGroup) -> dict[str, Any]:
    return {
        "dn": there.dn,
        "present": there.present,
        "held": {"hold": there.held[0], "reason": there.held[1]} if there.held else None,
        "attributes": [{name: _plain(value) for name, value in asdict(each).items()} for each in there.attributes],
        "desired": there.desired,
        "sure": there.sure,
        "possible": there.possible,
        "drifted": there.drifted,
        "names": list(there.names),
        "ramp": asdict(there.ramp) if there.ramp else None,
        "change": object_change(there.change) if there.change else None,
        "links": _links(there.links),
        "approvals": [each.as_json() for each in there.approvals],
        "waiting": [each.as_json() for each in there.proposals],
        "noted": list(there.noted),
    }


def _links(links: MembershipChange | None) -> dict[str, Any] | None:
    if links is None:
        return None
    return {"adds": len(links.adds), "removes": len(links.removes), "held": held_links(links)}


def _plain(value: Any) -> Any:
    """A value of an attribute; bytes by their length and digest."""
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": sha256(value).hexdigest()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
