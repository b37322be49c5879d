"""Two directories whose entries are one person."""

from dataclasses import replace
from pathlib import Path

from support.build import config, group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.spec.types import EndpointOverrides, Join, JoinBy

MAIL = Join(frozenset({Kind.USER, Kind.CONTACT}), JoinBy.MAIL)
NUMBER = Join(frozenset({Kind.USER}), JoinBy.EMPLOYEE_ID)
ACCOUNT = Join(frozenset({Kind.USER}), JoinBy.OBJECT_SID)
FOREST = 1000
"""Entries of the second forest have numbers above this."""


def other(number: int, **attributes: str | bytes) -> Entry:
    """The entry of the second forest for the person of this number."""
    return user(FOREST + number, "Forest", **attributes)


def contact(number: int, **attributes: str) -> Entry:
    made = other(number, **attributes)
    hidden = ("samaccountname", "userprincipalname", "useraccountcontrol")
    return replace(
        made,
        kind=Kind.CONTACT,
        attributes={name: value for name, value in made.attributes.items() if name not in hidden},
    )


def two_forests(path: Path) -> Engine:
    """Person 1 stands in both, persons 2 and 3 in one."""
    made = Engine(path, sources=[ListSource("corp"), ListSource("forest")])
    made.config = replace(
        config(
            sources=("corp", "forest"),
            endpoint=EndpointOverrides(visibility_delay=made.config.target.endpoint.visibility_delay),
        ),
        joins=(MAIL, NUMBER, ACCOUNT),
    )
    corp, forest = made.sources
    corp.add(user(1, mail="one@example.com", title="Clerk"), user(2, mail="two@example.com"), group(101))
    corp.members[guid(101)] = [user_dn(1)]
    forest.add(other(1, mail="ONE@example.com", mobile="5"), other(3, mail="three@example.com"))
    return made


def person(engine: Engine, entry: Entry) -> dict:
    return engine.cloud.objects[engine.anchor(entry)].values
