"""What a command writes onto a SyncConfig, as a value: the patch, and the same as a ``kubectl`` command.

Every text is new, because the operator follows each text once. A list that was not taken up yet is added to, so that
two people who speak at once are both heard.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncramp.check.remedies import form
from syncramp.errors import InputRefused
from syncramp.model.acceptances import malformed
from syncramp.schedule.known import FORCE_AT, PLAN_AT, REQUESTED_AT
from syncramp_operator.actors.known import ECHOES
from syncramp_operator.api.resources import GROUP, Object
from syncramp_operator.status.facts import mark

MOMENTS = (REQUESTED_AT, FORCE_AT, PLAN_AT)
"""What they ask for is the same whoever asks: a newer one takes the place of an older one."""
ACCEPT_SOURCE = "accept-source"
"""Parts of its text stand between semicolons, since a part of a source may have commas in its name."""
FEWEST = 8
"""Digits of a digest that a person must give."""
_DIGEST = re.compile(f"[0-9a-f]{{{FEWEST},64}}")
_RAMP = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One annotation with its new text."""

    name: str
    """Without the group, as ``requestedAt``."""
    text: str

    @property
    def annotation(self) -> str:
        """The whole key."""
        return f"{GROUP}/{self.name}"

    @property
    def patch(self) -> Object:
        """As a merge patch."""
        return {"metadata": {"annotations": {self.annotation: self.text}}}

    def command(self, place: Sequence[str], name: str) -> str:
        """What does the same without this program.

        :param place: options that say where, as ``--namespace identity``.
        """
        return shlex.join(
            ["kubectl", *place, "annotate", "--overwrite", f"syncconfig/{name}", f"{self.annotation}={self.text}"]
        )


@dataclass(frozen=True, slots=True)
class Suspension:
    """``spec.suspend``, on or off."""

    suspend: bool

    @property
    def patch(self) -> Object:
        """As a merge patch."""
        return {"spec": {"suspend": self.suspend}}

    def command(self, place: Sequence[str], name: str) -> str:
        """As :meth:`Asked.command`."""
        return shlex.join(
            ["kubectl", *place, "patch", f"syncconfig/{name}", "--type=merge", f"--patch={json.dumps(self.patch)}"]
        )


def moment(now: datetime) -> str:
    """A text that was not there before."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def added(body: Object, asked: Asked) -> Asked:
    """The same, behind what stands in the annotation and was not taken up yet."""
    text = (body["metadata"].get("annotations") or {}).get(asked.annotation)
    if asked.name in MOMENTS or not text or text == asked.text or mark(text) == echo(body, asked.name):
        return asked
    return Asked(asked.name, f"{text}{';' if asked.name == ACCEPT_SOURCE else ','}{asked.text}")


def echo(body: Object, name: str) -> str | None:
    """What the status says of an annotation that was taken up."""
    handled: Mapping[str, str] = (body.get("status") or {}).get("lastHandled") or {}
    return handled.get(ECHOES.get(name, name))


def waiting(body: Object) -> list[Any]:
    """What waits for an approval, by the status."""
    return list((body.get("status") or {}).get("waiting") or ())


def approval(body: Object, digests: Sequence[str]) -> Asked:
    """Approve what waits.

    :param digests: the digests, or at least eight digits of each.
    :raises InputRefused: one of them names nothing that waits, or several sets.
    """
    return Asked("approve", ",".join(_waiting_digest(body, digest.lower()) for digest in digests))


def adoption(digest: str) -> Asked:
    """Take the tenant over, with the findings that a digest names.

    :raises InputRefused: it is no digest.
    """
    if not _DIGEST.fullmatch(digest.lower()):
        raise InputRefused(f"{digest} is no digest", remedy="take the one that the condition AdoptionRequired tells")
    return Asked("adopt", digest.lower())


def release(stage: str) -> Asked:
    """End a stage.

    :raises InputRefused: there is no such stage.
    """
    found = next((known for known in ("Canary", "Tenth") if known.lower() == stage.lower()), None)
    if found is None:
        raise InputRefused(f"there is no stage {stage}", remedy="name Canary or Tenth")
    return Asked("release", found)


def acceptance(said: Sequence[str]) -> Asked:
    """Accept what sources show.

    :param said: ``SOURCE=NUMBER``, ``SOURCE=ATTRIBUTE`` or ``SOURCE=older``.
    :raises InputRefused: one of them is none of these.
    """
    text = "; ".join(said)
    if part := malformed(text):
        raise InputRefused(f"{part} accepts nothing of a source", remedy=form("syncramp.io/accept-source", ""))
    return Asked(ACCEPT_SOURCE, text)


def ramp_command(body: Object, command: str, ramp: str, now: datetime) -> Asked:
    """Say something to a ramp; a promotion only for the step it is at, by the status.

    :raises InputRefused: the status knows ramps, and this one is not among them; or it is no name of a ramp.
    """
    ramps = {each["name"]: each for each in (body.get("status") or {}).get("ramps") or ()}
    if not _RAMP.fullmatch(ramp) or (ramps and ramp not in ramps):
        known = ", ".join(sorted(ramps)) or "none so far"
        raise InputRefused(f"no groups follow a ramp {ramp}", remedy=f"the status tells of these: {known}")
    step = f"/{ramps[ramp]['step']}" if command == "promote" and ramp in ramps else ""
    return Asked(command, f"{ramp}{step}@{moment(now)}")


def _waiting_digest(body: Object, digest: str) -> str:
    listed = waiting(body)
    found = sorted({each["digest"] for each in listed if each["digest"].startswith(digest)})
    if _DIGEST.fullmatch(digest) and len(found) == 1:
        return str(found[0])
    known = "".join(f"\n  {_line(each)}" for each in listed) or " nothing"
    if not _DIGEST.fullmatch(digest):
        raise InputRefused(
            f"{digest} is no digest: at least {FEWEST} hexadecimal digits of it", remedy=f"these wait:{known}"
        )
    what = "several sets" if found else "nothing that waits"
    raise InputRefused(f"{digest} names {what}", remedy=f"these wait:{known}")


def _line(waits: Object) -> str:
    return f"{waits['digest']}  {waits.get('count', 0)} ({waits.get('reason', '')})"
