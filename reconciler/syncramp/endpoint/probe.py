"""A probe: it asks an endpoint what public sources do not say, with objects of its own in a test tenant.

First what can be asked without any object, then with two users and a group, at the end what deletes them. What it
made it deletes, also when it fails or is stopped; and what an earlier one left, before it begins.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncramp.endpoint import contract
from syncramp.endpoint.asking import Asker, Said
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.facts import ACCEPTED, NO_MEMBERS, QUESTIONS, REFUSED, Fact
from syncramp.endpoint.faults import TokenRefused
from syncramp.endpoint.listening import described, members_beside_objects
from syncramp.endpoint.props import (
    Props,
    deleted,
    domain_of,
    identity,
    left_in,
    links_to,
    source_anchor,
    value_of,
)
from syncramp.errors import AccessDenied, CookieRefused, InputRefused, ServiceRefused, SyncrampError
from syncramp.model.wire import Company, LinkOperation, Operation, Result, SyncObject
from syncramp.spec.types import ReadBackNames
from syncramp.words import count

MOST = 500
"""Synchronised objects from which on a tenant is none to try things on."""
NO_COOKIE = b"no cookie that this service wrote"
OTHERWISE = "refused otherwise"
NOTHING_TO_DELETE = "114"
TOO_LARGE = "the tenant holds {found}, more than the {most} of a test tenant"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked, and of whom.

    :param run: the number of the probe: letters and digits.
    :param domain: of user principal names; empty: that of somebody in the tenant.
    :param most: synchronised objects that the tenant may hold.
    """

    run: str
    domain: str = ""
    most: int = MOST
    names: ReadBackNames = field(default_factory=ReadBackNames)
    """What the document says of the read-back's members."""


class Probe:
    """One probe.

    :param stranger: makes an endpoint whose tokens are not valid.
    """

    def __init__(self, asker: Asker, settings: Settings, stranger: Callable[[], V2Endpoint]) -> None:
        self._asker = asker
        self._settings = settings
        self._stranger = stranger
        self._made = 0.0
        self._before: set[str] = set()

    def run(self, company: Company) -> Mapping[str, Fact]:
        """Ask everything.

        :param company: the tenant, agreed to by a person.
        :returns: a fact for each question.
        :raises SyncrampError: it could not be asked to the end; what was made is removed all the same.
        """
        asker = self._asker
        self._few(company.known_objects or 0)
        self._ask_for_admission()
        objects = self._read_everything()
        self._remove(left_in(objects))
        self._props = Props(self._settings.run, self._settings.domain or domain_of(objects))
        asker.group = self._props.anchor("Group")
        steps = (self._make, self._link, self._ask_for_refusals, lambda: self._fill(company.max_links), self._write)
        try:
            for step in (*steps, self._delete):
                asker.go_on()
                step()
        finally:
            self._remove(asker.made)
        return {name: asker.facts[name] for name in QUESTIONS}

    def _few(self, found: int) -> None:
        if found > self._settings.most:
            raise InputRefused(
                TOO_LARGE.format(found=count(found, "synchronised object"), most=self._settings.most),
                where="spec.target.tenantID",
                remedy="probe a test tenant of the same cloud, or raise --most if this is one",
            )

    # --- without objects -------------------------------------------------------------------------------------------

    def _ask_for_admission(self) -> None:
        asker = self._asker
        first, *others = asker.ear.hosts
        asker.note("redirects", ", ".join(others) or "none", f"the first host is {first}")
        endpoint = self._stranger()
        try:
            endpoint.company()
            asker.note("token.invalid", ACCEPTED)
        except TokenRefused as error:
            asker.note("token.invalid", "token refused", error.what)
        except AccessDenied as error:
            asker.note("token.invalid", "access denied", error.what)
        except SyncrampError as error:
            asker.note("token.invalid", OTHERWISE, error.what)
        finally:
            endpoint.close()
        try:
            next(iter(asker.endpoint.read_back(NO_COOKIE)))
            asker.note("cookie.unknown", ACCEPTED)
        except CookieRefused as error:
            asker.note("cookie.unknown", REFUSED, error.what)
        except ServiceRefused as error:
            asker.note("cookie.unknown", OTHERWISE, error.what)

    def _read_everything(self) -> Sequence[SyncObject]:
        asker, names = self._asker, self._settings.names
        objects = asker.look(whole=True)
        members = members_beside_objects(asker.ear.last) if asker.ear.last else []
        cookie, end = contract.cookie_member(members, names.cookie), contract.end_member(members, names.more)
        asker.note("readBack.cookieMember", cookie.name if cookie else None, described(members))
        asker.note("readBack.moreMember", end.name if end else None, described(members))
        seen = f"{count(len(objects), 'object')} on {count(asker.pages, 'page')}"
        asker.note("readBack.end", asker.ended, seen)
        self._few(sum(bool(source_anchor(obj)) for obj in objects) - len(left_in(objects)))
        self._before = set(map(identity, objects)) - left_in(objects).keys()
        return objects

    # --- with objects ----------------------------------------------------------------------------------------------

    def _make(self) -> None:
        asker, props = self._asker, self._props
        self._made = time.monotonic()
        made = self._must(props.user("Ada", department="Probe"))
        asker.note("result.created", made.operation, "Set of a new user")
        self._must(props.user("Bo"))
        self._must(props.group())
        if not self._has_delta:
            asker.skip("readBack.delta", "without a cookie and an end mark there is no delta")
            return
        wanted, seen = {props.anchor(name) for name in ("Ada", "Bo", "Group")}, set[str]()

        def all_there() -> bool:
            seen.update(map(identity, asker.look()))
            return wanted <= seen

        found = asker.until(all_there)
        again = bool(self._before) and self._before <= seen  # a group of the cloud may change with its new member
        evidence = f"{len(seen & wanted)} of 3, and {len(seen & self._before)} of {len(self._before)} others"
        asker.note("readBack.delta", found and not again, evidence)

    def _link(self) -> None:
        """The first link as soon as the service takes it; what takes and drops it is asked again."""
        asker, props = self._asker, self._props
        moment, last = 0.0, Said(False)

        def linked() -> bool:
            nonlocal moment, last
            moment = time.monotonic()
            last = asker.send(props.link("Ada"))
            return last.accepted and self._shown("Ada") is not False

        if asker.until(linked):
            asker.note("visibilityDelay", round(moment - self._made, 1), "until a link to a new user was taken")
        else:
            asker.note("visibilityDelay", None, last.evidence or "the link was taken and never shown")
        asker.note("readBack.members", (asker.forms or [NO_MEMBERS])[-1])
        self._word("members.added", asker.send(props.link("Ada")))
        self._word("members.removed", asker.send(props.link("Bo", LinkOperation.REMOVE)))

    def _shown(self, name: str) -> bool | None:
        """Does the read-back show the link to a user; None: it shows no members, or is not complete."""
        asker = self._asker
        objects = asker.look(whole=not self._has_delta)
        found = links_to(objects, asker.group, self._anchors(name))
        return found if asker.ended else found or None

    def _ask_for_refusals(self) -> None:
        asker, props = self._asker, self._props
        unknown = asker.send(props.link("Nobody"))
        told = unknown.accepted or "reference" in unknown.text.lower()
        asker.note("members.unknown", unknown.word if told else OTHERWISE, unknown.evidence)
        self._word("members.list", asker.send_raw(props.change("Group", member=(props.anchor("Ada"),))))
        copy = asker.send(props.user("Copy", named_as="Ada"))
        word = "written otherwise" if copy.accepted and copy.text else copy.word
        asker.note("duplicate", word, copy.evidence)

    def _fill(self, most: int) -> None:
        """Calls full of one link that is there: none of them changes anything, whatever becomes of it."""
        asker = self._asker
        alone = asker.send(self._props.link("Ada"))
        size, said = most, self._filled(most)
        while said.whole and size > 1:
            size //= 2
            said = self._filled(size)
        agrees = size == most and (said.accepted, said.code) == (alone.accepted, alone.code)
        asker.note("linksPerCall", size, said.evidence or f"the tenant says {most}", agrees=agrees)
        above = self._filled(most + 1)
        same = (above.accepted, above.code, above.whole) == (alone.accepted, alone.code, alone.whole)
        asker.note("links.above", ACCEPTED if same else REFUSED, above.evidence)

    def _filled(self, links: int) -> Said:
        return self._asker.send_raw(self._props.link("Ada", times=links))

    def _write(self) -> None:
        asker, props = self._asker, self._props
        changed = asker.send(props.change("Ada", department=None))
        asker.note("result.updated", changed.operation, "Set of a known user")
        left: list[object] = []

        def shown() -> bool:
            left[:] = [value_of(obj, "department") for obj in self._everything() if self._is(obj, "Ada")]
            return bool(left) and not left[-1]

        cleared = changed.accepted and asker.until(shown)
        if changed.accepted and not left:
            asker.skip("nil", "the read-back never showed the user")
        else:
            asker.note("nil", cleared, changed.evidence)
        self._word("values.text", asker.send_raw(props.user("Bo", department="Probe"), "text"))

    def _delete(self) -> None:
        asker, props = self._asker, self._props
        gone = self._must(props.delete("Ada"))
        asker.note("result.deleted", gone.operation, "Delete of a user")
        shown: list[SyncObject] = []

        def deleted_shown() -> bool:
            shown[:] = [obj for obj in asker.look() if self._is(obj, "Ada")] or shown
            return bool(shown) and shown[-1].operation is Operation.DELETE

        if not self._has_delta:
            asker.skip("readBack.deleted", "without a cookie and an end mark there is no delta")
        else:
            asker.until(deleted_shown)
            asker.note("readBack.deleted", shown[-1].operation.value if shown else "not at all")
        self._must(props.user("Ada", department="Probe"))
        self._restored()
        nobody = asker.send(props.delete("Nobody"))
        asker.note("delete.unknown", nobody.code or nobody.word, nobody.evidence)

    def _restored(self) -> None:
        asker, ada = self._asker, self._props.anchor("Ada")
        if not asker.forms:
            asker.skip("restore.members", "the read-back shows no members")
            return
        seen: list[str] = []

        def linked() -> bool:
            objects = self._everything()
            seen[:] = [anchor for obj in objects if (anchor := source_anchor(obj)) in (asker.group, ada)]
            return links_to(objects, asker.group, self._anchors("Ada")) is True

        back = asker.until(linked)
        if len(set(seen)) < 2:
            asker.skip("restore.members", "the read-back did not show the user and the group")
        else:
            asker.note("restore.members", back, "the user was deleted and set again")

    # --- what the steps share --------------------------------------------------------------------------------------

    @property
    def _has_delta(self) -> bool:
        return self._asker.cookie is not None and self._asker.ended

    def _everything(self) -> Sequence[SyncObject]:
        return self._asker.look(whole=True)

    def _anchors(self, name: str) -> set[str]:
        anchor = self._props.anchor(name)
        return {anchor, self._asker.anchors.get(anchor, anchor)}

    def _is(self, obj: SyncObject, name: str) -> bool:
        return source_anchor(obj) == self._props.anchor(name)

    def _word(self, name: str, said: Said) -> None:
        self._asker.note(name, said.word, said.evidence)

    def _must(self, obj: SyncObject) -> Said:
        """Send what the rest stands on."""
        said = self._asker.send(obj)
        if not said.accepted:
            raise ServiceRefused(
                f"the service refuses a {obj.kind.lower()} of the probe: {said.evidence}",
                where=source_anchor(obj),
                remedy="name a domain of the tenant with --domain, if it is about the name",
            )
        return said

    def _remove(self, anchors: Mapping[str, str]) -> None:
        """Delete what may be there; what is not there is no fault."""
        if not anchors:
            return
        objects = deleted(anchors)
        outcomes = self._asker.endpoint.provision(objects)
        kept = [
            f"{source_anchor(obj)} ({outcome.description or outcome.code})"
            for obj, outcome in zip(objects, outcomes, strict=True)
            if outcome.result is not Result.APPLIED and outcome.code != NOTHING_TO_DELETE
        ]
        if kept:
            raise ServiceRefused(
                f"could not remove what was made: {', '.join(kept)}",
                where=self._settings.run,
                remedy="a later probe finds it by its anchor and tries again",
            )
