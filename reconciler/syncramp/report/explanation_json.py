"""An explanation as JSON; the form is documented in ``docs/explain-json.md`` and carries a version."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from syncramp.model.explanation import Answer, Explanation
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
        "members": asdict(told.members) if told.members else None,
        "ramp": asdict(told.ramp) if told.ramp else None,
        "change": object_change(told.change) if told.change else None,
        "links": _links(told),
        "said": [asdict(each) for each in told.said],
        "approvals": [each.as_json() for each in told.approvals],
        "waiting": [each.as_json() for each in told.proposals],
    }


def _links(told: Explanation) -> dict[str, Any] | None:
    links = told.links
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
