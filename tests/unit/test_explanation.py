"""Whole runs against a directory and a cloud in memory, and then: why is this one in the cloud, or is not?"""

from dataclasses import replace

from support.build import BASE, config, deletes_up_to, entry, group, guid, user, user_dn, without
from support.engine import Engine
from support.explained import asked, attribute, explained, lines, the_group
from support.model import ListSource
from syncramp.model.explanation import Standing
from syncramp.model.holds import Hold
from syncramp.model.plan import Verb
from syncramp.model.values import Kind
from syncramp.model.wire import Operation, SyncObject
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Scope, SourceAnchor


def test_who_is_in_step_has_every_attribute_with_its_origin_and_nothing_pending(engine) -> None:
    engine.run()
    told = explained(engine, user_dn(1))
    assert (told.kind, told.verdict.standing, told.cloud.present) == (Kind.USER, Standing.IN_SCOPE, True)
    assert told.change is None and told.links is None
    enabled = attribute(told, "accountEnabled")
    assert (enabled.desired, enabled.cloud, enabled.differs) == (True, True, False)
    assert (enabled.attribute, enabled.given) == ("userAccountControl", (b"512",))
    assert the_group(told).state == "in the cloud"
    assert "Pending: nothing" in lines(engine, user_dn(1))


def test_the_cloud_is_told_by_its_own_anchor_and_as_the_read_back_showed_it(engine) -> None:
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.cloud.anchor == engine.cloud.objects[engine.anchor(user(1))].cloud_anchor
    assert told.cloud.confirmed == 1 and told.cloud.created == 0.0


def test_what_stands_in_for_a_missing_value_is_said(engine) -> None:
    engine.source.add(without(user(1), "userprincipalname"))
    engine.run()
    name = attribute(explained(engine, user_dn(1)), "userPrincipalName")
    assert name.desired == "user1@corp.example.com"
    assert name.attribute == "" and name.how.startswith("sAMAccountName at the domain")


def test_a_value_that_differs_from_the_cloud_stands_beside_it(engine) -> None:
    engine.run()
    engine.source.add(user(1, title="Director"))
    engine.cloud.refuse = lambda obj: "no"
    engine.run()
    told = explained(engine, user_dn(1))
    title = attribute(told, "title")
    assert (title.desired, title.cloud, title.differs) == ("Director", None, True)
    assert told.change.verb is Verb.UPDATE and set(told.change.values) == {"title"}
    assert f"{'':31}in the cloud: (none)" in lines(engine, user_dn(1))


def test_a_value_that_cannot_be_read_keeps_the_last_one_and_says_why(engine) -> None:
    engine.source.add(user(1, countryCode="276"))
    engine.run()
    engine.source.add(user(1, countryCode="Germany"))
    engine.run()
    code = attribute(explained(engine, user_dn(1)), "countryCode")
    assert code.desired == 276 and code.given == (b"Germany",)
    assert code.note == "it cannot be read, so it keeps its last value: it is no number"


def test_a_value_that_is_kept_back_is_told_with_what_the_cloud_has(engine) -> None:
    engine.run()
    engine.source.add(user(1, userPrincipalName="user2@corp.example.com", mail="no address"))
    engine.run()
    told = explained(engine, user_dn(1))
    name, mail = attribute(told, "userPrincipalName"), attribute(told, "mail")
    assert name.desired == name.cloud == "user1@corp.example.com" and not name.changes
    assert [(each.code, each.reason) for each in name.violations] == [
        ("DuplicateValue", f"user2@corp.example.com belongs to {user_dn(2)}")
    ]
    assert mail.desired is None and [each.code for each in mail.violations] == ["InvalidMailAddress"]
    assert told.change is None


def test_who_claims_what_somebody_keeps_is_told_so(engine) -> None:
    engine.source.add(user(3, mail="old@example.com"))
    engine.run()
    engine.source.add(user(2, mail="desk@example.com"))
    engine.run()
    engine.source.add(user(3, mail="desk@example.com"), user(4, mail="old@example.com"))
    engine.run()
    told = explained(engine, user_dn(4))
    assert told.change.hold is Hold.VALUE_TAKEN and "which keeps it in place of a value" in told.change.reason


def test_a_place_outside_of_every_scope_is_told_for_each_scope(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db")
    scopes = (Scope(f"OU=People,{BASE}", frozenset({Kind.USER})), Scope(f"OU=Groups,{BASE}", frozenset({Kind.GROUP})))
    _scope(engine, *scopes)
    engine.source.add(user(1), user(2, "Machines"))
    engine.run()
    told = explained(engine, user_dn(2, "Machines"))
    assert (told.verdict.standing, told.verdict.reason) == (
        Standing.OUT_OF_SCOPE,
        "outside every scope of source corp",
    )
    assert [scope.below for scope in told.verdict.scopes] == [False, False]
    assert told.change is None and not told.cloud.present
    assert [scope.holds for scope in explained(engine, user_dn(1)).verdict.scopes] == [True, False]


def test_a_kind_that_no_scope_takes_is_told(engine) -> None:
    _scope(engine, Scope(BASE, frozenset({Kind.GROUP})))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.reason == "its scope does not name the kind User"
    assert [(scope.below, scope.kind, scope.matches) for scope in told.verdict.scopes] == [(True, False, None)]


def test_a_filter_that_does_not_match_is_told(engine) -> None:
    _scope(engine, Scope(BASE, frozenset(Kind), "(title=Boss)"))
    engine.run()
    (scope,) = explained(engine, user_dn(1)).verdict.scopes
    assert (scope.filter, scope.matches) == ("(title=Boss)", False)
    assert f"  1. {BASE}: the filter (title=Boss) does not match" in lines(engine, user_dn(1))


def test_who_has_no_anchor_is_left_out_or_held_if_the_cloud_knows_them(engine) -> None:
    engine.config = replace(engine.config, source_anchor="employeeID")
    engine.source.add(user(1, employeeID="E1"))
    engine.run()
    assert explained(engine, user_dn(2)).verdict.reason == "its employeeID is empty, and it is the source anchor"
    engine.source.add(user(1))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.standing is Standing.IN_SCOPE and told.change.hold is Hold.ANCHOR


def test_an_exclusion_is_told_although_a_scope_holds_the_entry(engine) -> None:
    engine.source.add(user(1, sAMAccountName="MSOL_1"))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.reason == "an account of a sync tool or of Microsoft support"
    assert told.verdict.because == "sAMAccountName begins with AAD_ or MSOL_, or is SUPPORT_388945a0"
    assert told.verdict.scopes[0].holds


def test_who_cannot_be_judged_is_undecided_and_stays(engine) -> None:
    engine.source.add(user(1, objectSid=b"\x01\x05"))
    engine.run()
    engine.source.add(without(user(1, objectSid=b"\x01\x05"), "samaccountname"))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.standing is Standing.UNDECIDED and "sAMAccountName" in told.verdict.reason
    assert told.cloud.present and told.change is None


def test_who_is_absent_once_is_held_and_who_is_absent_twice_is_gone(engine) -> None:
    engine.run()
    engine.leave(1)
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.standing is Standing.ABSENT_ONCE and told.entry.absent == 1
    assert (told.change.verb, told.change.hold) == (Verb.DELETE, Hold.ABSENT_ONCE)
    assert the_group(told).state == "goes with the member, never by itself"
    told_lines = lines(engine, user_dn(1))
    assert f"Attributes ({len(told.attributes)}) in the cloud" in told_lines
    assert f"  {'commonName':28} User 1" in told_lines
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.verdict.standing is Standing.ABSENT and not told.cloud.present and told.change is None


def test_a_create_over_an_object_that_is_not_ours_is_held_and_its_group_waits(engine) -> None:
    engine.run()
    _in_the_cloud(engine, 9)
    engine.source.add(user(9))
    engine.source.members[guid(101)].append(user_dn(9))
    engine.run()
    told = explained(engine, user_dn(9))
    assert (told.change.verb, told.change.hold) == (Verb.CREATE, Hold.NOT_OURS)
    waiting = the_group(told)
    assert (waiting.state, waiting.hold) == ("waits for the create of the member", "NotOurs")
    assert "    what to do: docs/holds.md#notours" in lines(engine, user_dn(9))


def test_an_anchor_that_is_in_the_tenant_and_not_ours_is_said_to_be_foreign(engine) -> None:
    engine.run()
    _in_the_cloud(engine, 9)
    engine.run()
    anchor = engine.anchor(user(9))
    answer = asked(engine, anchor)
    assert answer.explanation is None and answer.finding.foreign == "User"
    assert lines(engine, anchor)[0].startswith(f"{anchor} is the source anchor of a User in the tenant")


def test_additions_to_a_group_that_would_be_too_large_wait(engine) -> None:
    engine.run()
    engine.config = replace(engine.config, max_members=2)
    engine.source.members[guid(101)].append(user_dn(3))
    engine.run()
    waiting = the_group(explained(engine, user_dn(3)))
    assert (waiting.state, waiting.hold, waiting.waits) == ("the addition is held", "TooManyMembers", True)
    links = explained(engine, group(101).dn).links
    assert [(held.hold, len(held.adds)) for held in links.held] == [(Hold.TOO_MANY_MEMBERS, 1)]


def test_a_group_tells_its_members_by_number_and_the_first_by_name(engine) -> None:
    engine.source.add(*(user(number) for number in range(200, 230)))
    engine.source.members[guid(101)] += [user_dn(number) for number in range(200, 230)] + [user_dn(999)]
    engine.run()
    told = explained(engine, group(101).dn).members
    assert (told.read, told.unresolved, told.desired, told.sure, told.possible) == (32, 1, 32, 32, 32)
    assert len(told.names) == 20
    assert len(explained(engine, group(101).dn, everyone=True).members.names) == 32
    told_lines = lines(engine, group(101).dn)
    assert "    … and 12 more (--members lists all)" in told_lines
    assert "  unknown        1 value of nobody who was read" in told_lines


def test_a_member_that_is_not_synchronised_says_so_in_its_group(engine) -> None:
    engine.source.add(user(2, sAMAccountName="MSOL_2"))
    engine.run()
    told = the_group(explained(engine, user_dn(2)))
    assert (told.state, told.waits) == ("not sent, because the member is not synchronised", False)


def test_a_group_that_is_not_synchronised_says_so_at_its_members(engine) -> None:
    engine.source.add(group(101, groupType="2"))
    engine.run()
    told = the_group(explained(engine, user_dn(1)))
    assert (told.state, told.reason) == ("the group is not synchronised", "neither security-enabled nor mail-enabled")


def test_a_lost_answer_leaves_an_object_in_doubt_and_its_call_under_way(engine) -> None:
    engine.lose("before")
    told = explained(engine, user_dn(1), now=-1.0)  # the call of a run at 0.0 may arrive until then
    assert told.cloud.doubt and told.cloud.travelling and not told.cloud.present
    assert told.change.hold is Hold.CALL_UNDER_WAY
    later = explained(engine, user_dn(1), now=1.0)
    assert not later.cloud.travelling and later.change.sends


def test_a_source_without_proof_holds_what_is_destructive(engine) -> None:
    engine.run()
    engine.source.add(user(1, userAccountControl="514"))
    engine.source.complete = False
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.entry.reason == "the list was cut" and not told.entry.complete
    assert told.change.hold is Hold.SOURCE_INCOMPLETE and told.change.held == {"accountEnabled": False}


def test_nobody_comes_while_a_source_was_never_read(tmp_path) -> None:
    sources = [ListSource("corp"), ListSource("labs")]
    engine = Engine(tmp_path / "state.db", sources=sources, config=config(sources=("corp", "labs")))
    sources[0].add(user(1))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.change.hold is Hold.SOURCE_NEVER_READ and "labs" in told.change.reason


def test_everything_is_held_on_a_tenant_that_the_last_run_did_not_find_empty(engine) -> None:
    engine.cloud.known_objects = 24
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.change.hold is Hold.ADOPTION_REQUIRED and "24" in told.change.reason
    assert not told.change.reason.startswith("2 links")


def test_a_value_that_another_object_still_has_is_told_with_its_owner(engine) -> None:
    engine.config = deletes_up_to(engine.config, 0)
    engine.run()
    engine.source.entries.pop(guid(1))
    engine.source.add(user(4, userPrincipalName="user1@corp.example.com"))
    engine.run()
    engine.run()
    told = explained(engine, user_dn(4))
    assert told.change.hold is Hold.VALUE_TAKEN and user_dn(1) in told.change.reason


def test_a_refusal_of_the_last_run_is_told_with_what_helps(engine) -> None:
    engine.run()
    engine.source.add(user(1, title="Director"))
    engine.cloud.refuse = lambda obj: "Unable to update this object: AttributeValueMustBeUnique, it is taken."
    engine.run()
    (said,) = explained(engine, user_dn(1)).said
    assert said.refused and said.cause == "AttributeValueMustBeUnique"
    told = "\n".join(lines(engine, user_dn(1)))
    assert "  refused in the last run: AttributeValueMustBeUnique: Unable to update" in told
    assert "    what to do: find the object of the tenant" in told
    assert explained(engine, user_dn(2)).said == ()


def test_a_changed_anchor_is_told_as_the_plan_tells_it(engine) -> None:
    engine.run()
    engine.source.add(user(1, mS_DS_ConsistencyGuid=b"another anchor!!"))
    engine.run()
    told = explained(engine, user_dn(1))
    assert told.change.hold is Hold.ANCHOR and "its source anchor changed" in told.change.reason


def test_a_manager_is_told_with_what_becomes_of_the_reference(engine) -> None:
    engine.source.add(user(1, manager=user_dn(2)), user(2, manager=user_dn(77)), user(3, manager=user_dn(4)))
    engine.source.add(user(4, sAMAccountName="AAD_4"))
    engine.run()
    told = {number: explained(engine, user_dn(number)).references[0] for number in (1, 2, 3)}
    assert (told[1].dn, told[1].resolved, told[1].detail) == (user_dn(2), True, "in the cloud")
    assert not told[2].resolved and told[2].detail.startswith("nobody with this name was read")
    assert told[3].detail == "not synchronised: an account of a sync tool or of Microsoft support"
    assert explained(engine, user_dn(2)).referrers == 1


def test_an_entry_of_a_source_that_left_the_document_stays_as_it_is(tmp_path) -> None:
    sources = [ListSource("corp"), ListSource("labs")]
    engine = Engine(tmp_path / "state.db", sources=sources, config=config(sources=("corp", "labs")))
    sources[0].add(user(1))
    sources[1].add(user(2))
    engine.run()
    engine.config = config(sources=("corp",))
    told = explained(engine, user_dn(2))
    assert told.verdict.standing is Standing.NO_SOURCE and not told.entry.in_document
    assert told.cloud.present


def test_what_changed_in_the_document_since_the_last_run_is_said(engine) -> None:
    engine.run()
    assert not explained(engine, user_dn(1)).entry.new_rules
    engine.config = replace(engine.config, source_anchor=SourceAnchor.OBJECT_GUID)
    assert explained(engine, user_dn(1)).entry.new_rules


def test_a_contact_is_explained_too(engine) -> None:
    place = f"CN=Contact,OU=People,{BASE}"
    engine.source.add(entry(Kind.CONTACT, 50, place, {"cn": "Contact", "mail": "c@example.org"}))
    engine.run()
    told = explained(engine, "c@example.org")
    assert told.dn == place and attribute(told, "mail").desired == "c@example.org"


def test_nothing_is_written_by_an_explanation(engine) -> None:
    engine.run()
    engine.config = config(sources=("corp", "new"))
    explained(engine, user_dn(1))
    with engine.store() as store:
        assert store.lookup.sources() == {1: "corp"}


def test_what_is_pending_is_what_a_run_would_do(engine) -> None:
    engine.run()
    engine.source.add(user(1, title="Clerk"), user(2, userAccountControl="514"), user(4))
    engine.leave(3)
    _, plan = engine.run(sends=False)
    told = [explained(engine, user_dn(number)).change for number in (1, 2, 3, 4)]
    assert [(change.verb, change.sends) for change in told] == [
        (Verb.UPDATE, True),
        (Verb.UPDATE, True),
        (Verb.DELETE, False),
        (Verb.CREATE, True),
    ]
    assert plan.counts == {"Update": {"User": 2}, "Create": {"User": 1}} and plan.holds == {"AbsentOnce": 1}


def _scope(engine: Engine, *scopes: Scope) -> None:
    spec = replace(engine.config.sources[0], scopes=scopes)
    engine.config = replace(engine.config, sources=(spec,))
    engine.rules = lambda name: Ruleset(scopes, engine.config.source_anchor, name)


def _in_the_cloud(engine: Engine, number: int) -> None:
    """Somebody else makes an object with the anchor of a user."""
    engine.cloud.provision([SyncObject("User", Operation.SET, {"SourceAnchor": engine.anchor(user(number))})])


def test_bytes_of_a_directory_are_never_printed_as_text(engine) -> None:
    engine.source.add(
        replace(found := user(1), attributes={**found.attributes, "objectguid": (b"not\x80a text here",)})
    )
    engine.run()
    assert "\ufffd" not in "\n".join(lines(engine, user_dn(1)))
