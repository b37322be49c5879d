"""A real OpenLDAP server takes rights from its reader, one after the other; the engine takes nothing from anybody."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import ldap3
import pytest

from support.build import deletes_up_to
from support.living import OpenLdap, _administrator
from support.scene import Scene, scene, scope
from support.slapd import BASE, NEEDED, PASSWORD, Slapd, slapd
from syncramp.model.proofs import Accepted, Doubt
from syncramp.model.report import SourceReport
from syncramp.model.wire import Operation
from syncramp.source.dn import canonical
from syncramp.source.ldap import LdapSource

pytestmark = list(NEEDED)

READER, RIGHTS = f"cn=reader,{BASE}", f"cn=rights,{BASE}"
PEOPLE, SALES, GROUPS = range(1, 31), range(31, 43), range(1, 13)
DIRECTORY = f"""\
dn: {BASE}
objectClass: organization
objectClass: dcObject
o: corp
dc: corp

dn: {READER}
objectClass: person
cn: reader
sn: x
userPassword: {PASSWORD}

dn: {RIGHTS}
objectClass: organizationalRole
cn: rights
description: sales
description: title
description: groups
"""


def _rule(what: str, right: str) -> str:
    """An access rule that goes by a value of an entry, so that rights change while it runs (slapd.access(5))."""
    return f'access to {what} by set="[{RIGHTS}]/description & [{right}]" read by * none'


OPTIONS = [
    "overlay syncprov",
    "access to attrs=userPassword by * auth",
    _rule("attrs=title", "title"),
    _rule(f'dn.subtree="OU=Sales,OU=Staff,{BASE}"', "sales"),
    _rule("filter=(objectClass=group)", "groups"),
    "access to * by * read",
]


class Ruled(OpenLdap):
    """A directory whose reader has rights of its own."""

    def __init__(self, running: Slapd) -> None:
        def reader(name: str, **more: object) -> LdapSource:
            return LdapSource(name, [running.ldaps], READER, PASSWORD, running.ca, **more)  # type: ignore[arg-type]

        super().__init__(canonical(BASE), lambda: _administrator(running), reader)

    def allow(self, *rights: str) -> None:
        """From now on the reader has these rights alone."""
        self.do("modify", RIGHTS, {"description": [(ldap3.MODIFY_REPLACE, ["nothing", *rights])]})


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Ruled]:
    (tmp_path / "slapd").mkdir()
    with (
        slapd(tmp_path / "slapd", DIRECTORY, options=OPTIONS, checked=True) as running,
        closing(Ruled(running)) as made,
    ):
        made.unit("Staff")
        made.unit("Sales", "Staff")
        for number in (*PEOPLE, *SALES):
            made.user(f"p{number}", "Sales" if number in SALES else "Staff", title="Clerk")
        for number in GROUPS:
            made.group(f"g{number}", "Staff", f"p{number}", f"p{30 + number}")
        yield made


@pytest.fixture
def stage(directory: Ruled, tmp_path: Path) -> Scene:
    made = scene(tmp_path / "state.db", directory, scope(directory, "Staff"))
    made.config = deletes_up_to(made.config, 500)
    made.pace = replace(made.pace, objects_per_call=200)
    made.calm()
    assert len(made.there) == 54
    made.cloud.calls.clear()
    return made


def read(stage: Scene, *, full: bool = False) -> SourceReport:
    stage.open()
    report, stage.plan = stage.run(full=full)
    (found,) = report.sources
    return found


def taken(stage: Scene) -> list[object]:
    """What was sent that anybody loses something by."""
    return [
        obj
        for obj in stage.sent
        if obj.operation is Operation.DELETE
        or obj.values.get("accountEnabled") is False
        or any(value is None for value in obj.values.values())
        or any(change.operation.name != "ADD" for change in obj.values.get("member", ()))  # type: ignore[union-attr]
    ]


LOSSES = {
    "an OU": ("title", "groups"),
    "an attribute": ("sales", "groups"),
    "groups": ("sales", "title"),
    "everything": (),
}


@pytest.mark.parametrize("full", [True, False], ids=["full", "as it comes"])
@pytest.mark.parametrize("left", LOSSES.values(), ids=LOSSES)
def test_a_reader_who_loses_sight_takes_nothing_away_and_what_comes_goes_on(
    directory: Ruled, stage: Scene, left: tuple[str, ...], full: bool
) -> None:
    before = stage.there
    directory.allow(*left)
    directory.user("new", "Staff", title="Clerk")
    for _ in range(3):
        found = read(stage, full=full)
        assert not found.complete and found.doubt in (Doubt.NOT_PERMITTED, Doubt.SHRUNKEN) and found.reason
    assert not taken(stage) and stage.there == before | {"new"}
    directory.allow("sales", "title", "groups")
    assert read(stage).complete
    stage.calm()
    assert not taken(stage) and stage.there == before | {"new"}


def test_a_unit_that_is_really_gone_goes_when_a_person_accepts_it(directory: Ruled, stage: Scene) -> None:
    for number in SALES:
        directory.delete(f"p{number}")
    directory.delete("Sales")
    found = read(stage, full=True)
    assert found.doubt == Doubt.NOT_PERMITTED and "OU=Sales" in found.reason
    assert not taken(stage)
    with stage.store() as store:
        store.staging.accept(1, found.partition, Accepted(42, by="ada"))
    assert read(stage, full=True).complete
    stage.calm()
    assert len(stage.there) == 42


def test_deletes_that_the_server_tells_need_nobody(directory: Ruled, stage: Scene) -> None:
    for number in range(31, 36):
        directory.delete(f"p{number}")
    found = read(stage)
    assert found.complete, found.reason
    stage.calm()
    assert len(stage.there) == 49
