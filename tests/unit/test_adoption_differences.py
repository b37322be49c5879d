"""What a tenant holds otherwise than the directory when it is adopted: told, and kept from doing harm."""

from dataclasses import replace

import pytest

from support.adopted import held, numbers
from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from syncramp.model.holds import Hold
from syncramp.model.stages import Stage
from syncramp.model.state import Origin
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject


def test_differences_are_told_by_attribute_and_are_no_news_but_an_adoption(lost: Engine) -> None:
    lost.source.add(user(1, title="Clerk", company="Contoso"), user(2, title="Smith"))
    findings = lost.adopt()
    assert findings.recorded and (findings.equal, findings.different) == (2, 2)
    assert findings.attributes == {"title": 2, "company": 1}
    _, plan = lost.run()
    assert plan.origins == {Origin.ADOPTION.word: 2}
    assert lost.cloud.objects[lost.anchor(user(1))].values["title"] == "Clerk"
    assert lost.run()[1].empty


def test_an_attribute_that_only_the_cloud_has_is_told_and_cleared(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(1))].values["Department"] = "Sales"
    assert lost.adopt().attributes == {"department": 1}
    lost.run()
    (obj,) = lost.sent
    assert obj.values["department"] is None


def test_what_no_rule_gives_is_no_difference(lost: Engine) -> None:
    lost.cloud.objects[lost.anchor(user(1))].values["CloudMSExchRecipientDisplayType"] = 7
    assert lost.adopt().different == 0


def test_a_disable_that_was_found_waits_for_a_person_and_one_that_comes_later_does_not(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"), user(2, title="Clerk"))
    assert lost.adopt().attributes == {"accountEnabled": 1, "title": 1}
    report, _ = lost.run()
    assert report.holds == {"FoundAtAdoption": 1}
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is True
    lost.source.add(user(3, userAccountControl="514"))
    lost.run()
    assert lost.cloud.objects[lost.anchor(user(3))].values["accountEnabled"] is False
    lost.approve()
    lost.run()
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is False


def test_a_disable_that_was_found_waits_also_when_no_stage_holds_anything_any_more(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"))
    lost.adopt()
    with lost.store() as store:
        adoption = store.adoption.read()
        assert adoption
        store.adoption.write(replace(adoption, stage=Stage.ALL))
    for _ in range(2):
        report, _ = lost.run()
        assert report.holds == {"FoundAtAdoption": 1} and not lost.sent


def test_a_found_disable_that_the_directory_took_back_is_found_no_more(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"))
    lost.adopt()
    lost.run()
    lost.source.add(user(1))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    lost.source.add(user(1, userAccountControl="514"))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    assert lost.cloud.objects[lost.anchor(user(1))].values["accountEnabled"] is False


def test_a_later_disable_goes_while_another_attribute_of_the_same_person_waits(lost: Engine) -> None:
    lost.source.add(user(1, userPrincipalName="ann@corp.example.com"))
    lost.adopt()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    lost.source.add(user(1, userPrincipalName="ann@corp.example.com", userAccountControl="514"))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    values = lost.cloud.objects[lost.anchor(user(1))].values
    assert (values["accountEnabled"], values["userPrincipalName"]) == (False, "user1@corp.example.com")


def test_of_addresses_only_another_primary_one_waits(lost: Engine) -> None:
    for number in (1, 2):
        lost.cloud.objects[lost.anchor(user(number))].values["proxyAddresses"] = ("SMTP:a@x.example",)
    lost.source.add(user(1, proxyAddresses=["SMTP:a@x.example", "smtp:b@x.example"]))
    lost.source.add(user(2, proxyAddresses=["SMTP:c@x.example"]))
    assert lost.adopt().different == 2
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    assert lost.cloud.objects[lost.anchor(user(1))].values["proxyAddresses"] == (
        "SMTP:a@x.example",
        "smtp:b@x.example",
    )


def test_members_that_only_the_cloud_has_wait_and_missing_ones_are_added(lost: Engine) -> None:
    one, three, big = (lost.anchor(each) for each in (user(1), user(3), group(101)))
    change = ReferenceChange(three), ReferenceChange(one, LinkOperation.REMOVE)
    lost.cloud.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": change})])
    lost.cloud.calls.clear()
    found = lost.adopt().links
    assert (found.both, found.missing, found.extra, found.unknown) == (1, 1, 1, 0)
    report, _ = lost.run()
    assert report.holds == {"FoundAtAdoption": 1}
    assert [links(obj) for obj in lost.sent] == [[("ADD", one)]]
    lost.approve()
    lost.run()
    assert lost.cloud.links[big] == {one, lost.anchor(user(2))}


def test_a_found_member_that_the_directory_wants_later_and_gives_up_again_is_removed(lost: Engine) -> None:
    three, big = lost.anchor(user(3)), lost.anchor(group(101))
    lost.cloud.provision(
        [SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": (ReferenceChange(three),)})]
    )
    lost.adopt()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 1
    lost.source.members[guid(101)].append(user_dn(3))
    lost.cloud.calls.clear()
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0 and not lost.cloud.calls
    lost.source.members[guid(101)].remove(user_dn(3))
    assert held(lost, Hold.FOUND_AT_ADOPTION) == 0
    assert three not in lost.cloud.links[big]


def test_an_attribute_that_is_kept_back_is_kept_in_the_cloud_after_an_adoption(engine: Engine) -> None:
    engine.source.add(user(1, mail="one@corp.example.com"))
    engine.settle()
    engine.lose_store()
    engine.source.add(user(1, mail="no address"))
    engine.cloud.calls.clear()
    assert engine.adopt().different == 0
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["mail"] == "one@corp.example.com"


@pytest.mark.parametrize("named", [False, True], ids=["by command", "by annotation"])
def test_an_attribute_that_cannot_be_read_keeps_the_value_that_the_cloud_has(engine: Engine, *, named: bool) -> None:
    engine.source.add(user(1, title="Clerk"))
    engine.settle()
    engine.lose_store()
    engine.source.add(user(1, title=b"\xff"))
    engine.cloud.calls.clear()
    if named:
        engine.config = replace(engine.config, adopts=(engine.adopt(records=False).digest,))
    else:
        engine.adopt()
    engine.run()
    assert engine.cloud.objects[engine.anchor(user(1))].values["title"] == "Clerk"
    assert not engine.cloud.calls


def test_what_was_found_is_forgotten_when_it_was_sent(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"))
    lost.adopt()
    lost.run()
    lost.approve()
    lost.run()
    with lost.store() as store:
        assert store.database.all("SELECT * FROM found") == []


def test_a_value_of_a_list_that_is_kept_back_stays_where_the_cloud_has_it(engine: Engine) -> None:
    both = ("SMTP:a@x.example", "smtp:no address")
    engine.source.add(user(1, proxyAddresses=["SMTP:a@x.example"]))
    engine.settle()
    engine.lose_store()
    engine.cloud.objects[engine.anchor(user(1))].values["proxyAddresses"] = both
    engine.source.add(user(1, proxyAddresses=both))
    engine.cloud.calls.clear()
    engine.adopt()
    assert engine.run()[0].settled
    assert not engine.cloud.calls


def test_what_the_directory_took_back_of_what_we_know_is_not_found_by_another_adoption(engine: Engine) -> None:
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.source.add(user(3, userAccountControl="514"))
    engine.adopt()
    assert engine.run()[0].settled
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1))}
    assert engine.cloud.objects[engine.anchor(user(3))].values["accountEnabled"] is False


def test_a_group_of_which_the_cloud_has_nothing_but_members_is_known_to_be_there(lost: Engine) -> None:
    """A late addition of members makes such a group anew, where the group was deleted meanwhile."""
    anchor = lost.anchor(group(101))
    lost.cloud.objects[anchor].values = {}
    findings = lost.adopt()
    assert findings.recorded and numbers(findings) == {"Matched": 4}
    report, _ = lost.run()
    assert report.in_cloud == {"User": 3, "Group": 1}
