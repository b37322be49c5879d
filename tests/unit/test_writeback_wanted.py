"""Which groups of the cloud are written, and with which reason others are not."""

import pytest
from pyroaring import BitMap

from support.cloud_groups import OBJECT_ID, cloud_group, security_group, writeback
from support.pages import coded, rows, section
from syncramp.expr.errors import ExpressionError
from syncramp.expr.types import Name
from syncramp.model.values import Type
from syncramp.spec.types import GroupKind
from syncramp.writeback import wanted as module
from syncramp.writeback.wanted import NAMES, Refused, Wanted, condition, wanted

BOTH = writeback(kinds=frozenset(GroupKind))
TYPES = {
    "text": Name(Type.STRING),
    "list of text": Name(Type.STRING, multi=True),
    "bool": Name(Type.BOOLEAN),
}


def judged(group: object, where: str | None = None, **fields: object) -> Wanted | Refused:
    config = writeback(kinds=frozenset(GroupKind), where=where, **fields)
    return wanted(group, config, condition(config))  # type: ignore[arg-type]


def test_microsoft_365_groups_are_written_and_security_groups_only_when_asked_for() -> None:
    assert wanted(cloud_group(), writeback(), None) == Wanted(GroupKind.MICROSOFT_365)
    assert wanted(security_group(), writeback(), None) == Refused(module.UNASKED[GroupKind.SECURITY])
    assert wanted(security_group(), BOTH, None) == Wanted(GroupKind.SECURITY)
    only = writeback(kinds=frozenset({GroupKind.SECURITY}))
    assert wanted(cloud_group(), only, None) == Refused(module.UNASKED[GroupKind.MICROSOFT_365])


def test_a_microsoft_365_group_that_is_security_enabled_is_still_one() -> None:
    assert judged(cloud_group(securityEnabled=True)) == Wanted(GroupKind.MICROSOFT_365)


def test_a_dynamic_group_is_like_any_other() -> None:
    assert judged(cloud_group(groupTypes=("DynamicMembership", "Unified"))) == Wanted(GroupKind.MICROSOFT_365)
    assert judged(security_group(groupTypes=("DynamicMembership",))) == Wanted(GroupKind.SECURITY)


def test_groups_that_exchange_online_holds_are_refused() -> None:
    assert judged(security_group(mailEnabled=True)) == Refused(module.MAIL_SECURITY)
    assert judged(cloud_group(groupTypes=())) == Refused(module.DISTRIBUTION)


def test_a_group_whose_kind_nobody_tells_is_refused() -> None:
    assert judged(cloud_group({"displayName": "x"})) == Refused(module.UNTOLD)


def test_a_group_that_roles_can_be_assigned_to_is_refused_unless_it_is_asked_for() -> None:
    group = security_group(isAssignableToRole=True)
    assert judged(group) == Refused(module.ROLES)
    assert judged(group, role_assignable=True) == Wanted(GroupKind.SECURITY)
    assert judged(security_group(isAssignableToRole=False)) == Wanted(GroupKind.SECURITY)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (1, "it has less than 2 members"),
        (2, ""),
        (4, ""),
        (5, "it has more than 4 members"),
    ],
)
def test_the_borders_of_the_size_are_inside(members: int, reason: str) -> None:
    group = cloud_group(members=BitMap(range(members)))
    expected = Refused(reason) if reason else Wanted(GroupKind.MICROSOFT_365)
    assert judged(group, min_members=2, max_members=4) == expected


def test_members_that_were_never_shown_do_not_refuse_a_group() -> None:
    assert judged(cloud_group(members=None), min_members=2) == Wanted(GroupKind.MICROSOFT_365)


def test_an_expression_chooses_by_what_the_cloud_tells() -> None:
    where = "object.visibility == 'Private' && object.proxyAddresses.exists(p, p.endsWith('@corp.example'))"
    private = cloud_group(visibility="Private", proxyAddresses=("SMTP:a@corp.example",))
    assert judged(private, where) == Wanted(GroupKind.MICROSOFT_365)
    public = cloud_group(visibility="Public", proxyAddresses=("SMTP:a@corp.example",))
    assert judged(public, where) == Refused(f"match.where is not true of it: {where}")


def test_an_expression_can_name_the_object_id() -> None:
    assert judged(cloud_group(), f"object.id in ['{OBJECT_ID}']") == Wanted(GroupKind.MICROSOFT_365)
    assert isinstance(judged(cloud_group(), "object.id in []"), Refused)


def test_an_expression_without_a_result_refuses_the_group_in_its_own_words() -> None:
    assert judged(cloud_group(), "object.mail != ''") == Refused(
        "match.where has no result for it: object.mail has no value"
    )


def test_an_expression_cannot_name_what_the_cloud_does_not_tell() -> None:
    with pytest.raises(ExpressionError, match="object has no attribute 'onPremisesSyncEnabled'"):
        condition(writeback(where="object.onPremisesSyncEnabled"))
    assert condition(writeback()) is None


def test_the_page_of_expressions_tells_every_name_and_its_type() -> None:
    part = section("docs/expressions.md", "## Groups that are written back")
    told = {coded(name)[0].removeprefix("object."): TYPES[kind] for name, kind in rows(part, title="property")}
    assert told == dict(NAMES)
