"""Given, when, then: groups of a simulated tenant that go back into a real Active Directory, by the command line.

Each scene has a unit of its own in the domain, with people in one unit below it and the container of written-back
groups in another; both are in the scope of the source, so that whatever is written is read again. The real command
line runs in this process; what came of it is read from the domain and from the tenant.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from support.build import CLIENT
from support.samba import PASSWORD, SYNC, Samba
from support.walk import QUICK, Done, Walk
from syncramp.cli.simulator import write_profile, write_secrets
from syncramp.endpoint import contract
from syncramp.simulator.portal import Portal
from syncramp.simulator.server import make_simulator, running_simulator

_numbers = count(1)
WRITER, READER, AUTHORITY = "corp-writer", "corp-reader", "corp-ca"


@dataclass
class Written(Walk):
    """One scene."""

    domain: Samba = field(kw_only=True)
    unit: str = field(kw_only=True)
    """DN of the unit that is this scene's."""
    servers: Sequence[str] = field(kw_only=True)
    """URLs of the domain controllers that are written to."""
    groups: dict[str, str] = field(default_factory=dict)
    """Display name -> cloud anchor."""
    guids: dict[str, bytes] = field(default_factory=dict)
    """objectGUIDs of people, by name."""
    report: Any = None
    """Of the last run, as JSON."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prefix = f"s{next(_numbers)}"
        admin = self.domain.as_administrator
        self.people, self.container = (admin.add_unit(name, self.unit) for name in ("People", "Cloud"))
        self._secret(READER, self.domain.upn(SYNC))
        self._secret(WRITER, self.domain.add_writer(self.container))
        ldap = {
            "servers": [self.domain.ldaps],
            "bind": {"secretRef": {"name": READER}},
            "tls": {"ca": {"secretKeyRef": {"name": AUTHORITY}}},
        }
        self.spec["sources"] = [{"name": "corp", "ldap": ldap, "scope": [{"dn": self.unit}]}]
        self.written: dict[str, Any] = {
            "source": "corp",
            "container": self.container,
            "bind": {"secretRef": {"name": WRITER}},
            "servers": list(self.servers),
            "ramp": {"steps": [{"ceiling": 250_000}]},
        }
        self.spec["writeback"] = {"groups": self.written}

    def _secret(self, name: str, account: str) -> None:
        folder = self.folder / "secrets" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "username").write_text(account)
        (folder / "password").write_text(PASSWORD)

    def write(self) -> None:
        self.document.write_text(self.text())

    @property
    def portal(self) -> Portal:
        return self.tenant.portal

    # given

    def given_people(self, *names: str) -> None:
        """People of the directory; they are in the tenant after the next run."""
        for name in names:
            upn = f"{self.prefix}{name}@corp.example.test"
            given = {"sAMAccountName": f"{self.prefix}{name}", "userPrincipalName": upn, "displayName": name}
            self.guids[name] = self.domain.as_administrator.add_user(name, self.people, **given)

    def given_synchronised(self, *names: str) -> None:
        """People who are in the tenant."""
        self.given_people(*names)
        self.when_synced()

    def given_group(self, name: str, *members: str, unified: bool = True, **values: Any) -> None:
        """A group of the tenant, with people or groups by name, or with cloud anchors."""
        alias = f"{self.prefix}{name}".replace(" ", "")
        anchors = [self.anchor_of(member) for member in members]
        made = self.portal.add_group(alias, anchors, unified=unified, DisplayName=name, **values)
        self.groups[name] = made

    def anchor_of(self, name: str) -> str:
        """The cloud anchor of somebody of this scene; one is its own."""
        if name in self.guids:
            return self.portal.cloud_anchor(b64encode(self.guids[name]).decode())
        return self.groups.get(name, name)

    def mark(self, name: str) -> str:
        """The mark of a group in the directory."""
        return self.groups[name]

    # when

    def when_synced(self, code: int = 0) -> Any:
        """``syncramp sync``: its report."""
        return self._told(self.here("sync", "-o", "json"), code)

    def when_planned(self, code: int = 2) -> Any:
        """``syncramp plan``."""
        return self._told(self.here("plan", "-o", "json"), code)

    def _told(self, done: Done, code: int) -> Any:
        assert done.out, done.err
        self.report = done.json
        assert done.code == code, f"{done.code}: {_brief(self.report)}, and back {_brief(self.report['writeback'])}"
        return self.report

    def when_changed(self, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Members of a group in the tenant come and go."""
        adds, removes = ([self.anchor_of(member) for member in members] for members in (add, remove))
        self.portal.change_members(self.groups[name], adds, removes)

    def when_approved(self) -> None:
        """Somebody approves everything that waits in the directory."""
        waiting = self.report["writeback"]["waiting"]
        assert waiting, self.report
        for one in waiting:
            done = self.again("approve", one["digest"], "--by", "ada")
            assert done.code == 0, done

    # then

    def found(self, name: str) -> Mapping[str, Sequence[bytes]] | None:
        """The group in the directory: its attributes and ``dn``; None: it is not there."""
        found = self.domain.as_administrator.find(self.domain.base, f"(adminDescription={self.mark(name)})")
        assert len(found) < 2, f"{name} is there more than once: {found}"
        return found[0] if found else None

    def there(self, name: str) -> Mapping[str, Sequence[bytes]]:
        """The same of a group that must be there."""
        found = self.found(name)
        assert found is not None, f"{name} is not there"
        return found

    def members(self, name: str) -> set[str]:
        """Who is in the group in the directory, by the first name of each DN.

        With the recycle bin on, Samba (4.17) also shows members who were deleted, which Active Directory hides.
        """
        shown = [dn.decode() for dn in self.there(name).get("member", ())]
        return {dn.partition(",")[0].removeprefix("CN=") for dn in shown if "\\0ADEL:" not in dn}

    def then_members(self, name: str, *members: str) -> None:
        there = self.members(name)
        assert there == set(members), f"{sorted(there)}: {_brief(self.report['writeback'])}"

    def then_held(self, hold: str, number: int) -> None:
        """So much waits in the direction of the directory, and why."""
        assert self.report["writeback"]["holds"].get(hold) == number, self.report["writeback"]

    def then_nothing_to_do(self) -> None:
        """A further run sends nothing in either direction."""
        sent = self.exports
        report = self.when_synced()
        assert self.exports == sent
        assert report["writeback"]["objects"]["expected"] == report["writeback"]["links"]["expected"] == 0

    def then_nothing_uploaded(self) -> None:
        """The tenant got objects for people and groups of the directory's own, and for nothing that was written."""
        admin = self.domain.as_administrator
        written = {one["objectGUID"][0] for one in admin.find(self.unit, "(adminDescription=Group_*)")}
        anchors = {b64encode(guid).decode() for guid in written}
        assert not anchors & self.tenant.anchors()
        sent = sum(
            entry.objects for entry in self.tenant.journal.latest(1000) if entry.operation == contract.PROVISION
        )
        assert sent >= len(self.tenant.anchors())

    def guid_of(self, name: str) -> UUID:
        return UUID(bytes_le=self.there(name)["objectGUID"][0])


def _brief(report: Mapping[str, Any] | None) -> str:
    """What of a report says why a run ended as it did."""
    names = (
        "objects",
        "links",
        "holds",
        "hold_samples",
        "errors",
        "drift",
        "written",
        "failure",
        "unconfirmed_links",
    )
    return str({name: report[name] for name in names if report.get(name)}) if report else "nothing"


@contextmanager
def written(domain: Samba, folder: Path, *servers: Samba, **settings: Any) -> Iterator[Written]:
    """A scene in a domain.

    :param servers: the controllers that are written to; none: the domain's.
    :param settings: of the tenant.
    """
    simulator = make_simulator(replace(QUICK, **settings), client_id=CLIENT)
    with running_simulator(simulator):
        write_secrets(simulator, folder)
        write_profile(simulator, folder)
        authority = folder / "secrets" / AUTHORITY
        authority.mkdir(parents=True)
        cas = {one.ca for one in (domain, *servers)}
        (authority / "ca.crt").write_bytes(b"".join(cas))
        unit = domain.as_administrator.add_unit(f"Scene{next(_numbers)}")
        urls = [one.ldaps for one in servers or (domain,)]
        yield Written(folder, simulator.host, simulator, domain=domain, unit=unit, servers=urls)
