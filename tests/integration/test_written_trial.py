"""Servers that groups would be written to, tried out without a change, at a strict domain controller."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.ad_double_forest import configured
from support.ad_double_search import settings_entry
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account, Rights
from support.slapd import ADMIN, BASE, requires_slapd, slapd
from support.slapd import PASSWORD as SLAPD_PASSWORD
from support.targeted import OU, account
from syncramp.directory import trial
from syncramp.model.examination import TargetSeen
from syncramp.source.ldap import LdapSource


def _domain(*, recycle_bin: bool = True) -> Replica:
    replica = Replica(recycle_bin=recycle_bin)
    replica.group("Written", replica.unit(OU.partition(",")[0].removeprefix("OU=")))
    configured(replica)
    replica.delete(replica.user("gone"))
    return replica


def _tried(folder: Path, replica: Replica, account_: Account, reader: str = "reads@test") -> TargetSeen:
    with Controller(replica, {READER: account_}).running(folder) as server:
        (seen,) = trial.servers(account([server]), OU, reader)
    return seen


def test_with_all_that_is_needed_and_nothing_else_there_is_nothing_to_mend_but_what_is_not_shown(
    tmp_path: Path,
) -> None:
    seen = _tried(tmp_path, _domain(), Account(rights=Rights(), replicates=False))
    assert seen.error == ""
    assert {right.name.split()[0]: right.held for right in seen.rights if right.held is False} == {}
    assert (seen.recycle_bin, seen.controllers, seen.link_interval) == (True, 1, 10_800.0)
    assert list(seen.warnings) == [
        "which groups the account is in is not shown: see that it is in none of administrators"
    ]


def test_what_the_account_has_too_much_and_the_forest_too_little_is_to_be_mended(tmp_path: Path) -> None:
    seen = _tried(tmp_path, _domain(recycle_bin=False), Account(rights=Rights(), replicates=True), READER.upper())
    told = " / ".join(seen.warnings)
    assert "the account that reads is the one that writes, too" in told
    assert "the recycle bin of the forest is off" in told
    assert "the account may replicate directory changes" in told
    assert not seen.flawless


def test_rights_that_are_missing_are_told_with_what_grants_them(tmp_path: Path) -> None:
    clerk = Rights(create=False, delete=False, rename=False, attributes=frozenset({"member"}))
    seen = _tried(tmp_path, _domain(), Account(rights=clerk, sees_deleted=False))
    missing = {right.name.partition(",")[0]: right.remedy for right in seen.rights if right.held is False}
    assert set(missing) == {"Create groups", "Write adminDescription", "List Deleted Objects"}
    assert all("dsacls" in remedy for remedy in missing.values())


def test_a_read_only_controller_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    category = {"objectCategory": [b"CN=NTDS-DSA-RO,CN=Schema,CN=Configuration,DC=test"]}
    monkeypatch.setattr("support.ad_double_server.settings_entry", lambda one: {**settings_entry(one), **category})
    seen = _tried(tmp_path, _domain(), Account(rights=Rights()))
    assert seen.error == "it is a read-only domain controller: a run passes it over"


def test_after_a_refused_password_no_other_server_is_tried(tmp_path: Path) -> None:
    with Controller(_domain()).running(tmp_path) as server:
        wrong = replace(account([server, server]), password="Something else")
        first, second = trial.servers(wrong, OU, "reads@test")
    assert "the server refuses the user" in first.error
    assert second.error == f"not tried, since {server.url} refuses the account and a try may lock it"


@requires_slapd
def test_another_directory_is_none_that_groups_are_written_to(tmp_path: Path) -> None:
    with slapd(tmp_path, f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n") as server:
        source = LdapSource("corp", [server.ldaps], ADMIN, SLAPD_PASSWORD, server.ca, [BASE])
        (seen,) = trial.servers(source, f"OU=Cloud,{BASE}", "reads")
    assert "Active Directory alone" in seen.error
    assert PASSWORD not in seen.error
