"""What the operator knows of a document in one step: the status is made of this, of the object and of the time."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncramp.check import Finding
from syncramp.errors import SyncrampError
from syncramp.schedule.known import Decision

Object = Mapping[str, Any]

_LONGEST_MARK = 64
"""Bytes of a request that stands in the status as it is: a moment, or one digest. Lists of digests may be longer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One step's knowledge. What an earlier step has to say is in the object's own status."""

    findings: tuple[Finding, ...] = ()
    """The verdict on the document."""
    decision: Decision | None = None
    """What is done about runs now; None: it did not come to a decision."""
    runs: Sequence[Object] = ()
    """The SyncRuns of this very object, in any order."""
    place: int | None = None
    """Its place among those that wait for a free runner, from 1; None: it does not wait."""
    trouble: SyncrampError | None = None
    """Why the operator could not do what was decided: a Secret is missing, or the API server refuses."""
    judged: bool = True
    """False: a fault of ours kept the operator from a verdict."""
    requests: Mapping[str, str] = field(default_factory=dict)
    """Annotation, without its prefix -> :func:`mark` of its text, of those that the newest run answers."""
    secrets: str = ""
    """The digest of the Secrets and ConfigMaps that the newest run was given; empty: not known."""
    misread: tuple[Finding, ...] = ()
    """What is wrong with annotations that ask for something; the document is taken without them."""


def mark(text: str) -> str:
    """How a request stands in the status: as it is, or by its digest where it is long or cannot be shown.

    :returns: at most 71 characters.
    """
    if len(text.encode(errors="replace")) <= _LONGEST_MARK and text.isprintable():
        return text
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
