"""Objects whose source of authority was moved to the cloud are left alone, and only as long as it stays there."""

import pytest

from support.build import guid, user, user_dn
from support.engine import Engine
from support.model import ModelCloud
from syncramp.cycle.shown import AUTHORITY


@pytest.fixture
def synced(engine: Engine) -> Engine:
    assert engine.run()[0].settled
    return engine


def _mark(cloud: ModelCloud, anchor: str, name: str, value: object) -> None:
    """The read-back of an object tells something new."""
    cloud.objects[anchor].values[name] = value
    cloud._clock += 1
    cloud._log[anchor] = cloud._clock


@pytest.mark.parametrize("name", ["IsCloudManaged", "BlockOnPremisesSync", "CloudMastered"])
@pytest.mark.parametrize("value", [True, "true", "True"])
def test_nothing_is_sent_for_an_object_that_the_cloud_manages(synced, name, value) -> None:
    assert name.lower() in AUTHORITY
    one = synced.anchor(user(1))
    _mark(synced.cloud, one, name, value)
    synced.source.add(user(1, title="Clerk"), user(2, title="Clerk"))
    report, _ = synced.run()
    assert report.holds == {"CloudManaged": 1}
    assert "title" not in synced.cloud.objects[one].values
    assert synced.cloud.objects[synced.anchor(user(2))].values["title"] == "Clerk"


def test_no_member_of_a_group_that_the_cloud_manages_comes_or_goes(synced) -> None:
    (group,) = synced.cloud.links
    _mark(synced.cloud, group, "IsCloudManaged", True)
    before = set(synced.cloud.links[group])
    synced.source.members[guid(101)] = [user_dn(2), user_dn(3)]
    report, _ = synced.run()
    assert report.holds == {"CloudManaged": 2}
    assert synced.cloud.links[group] == before


def test_it_is_not_deleted_and_takes_no_room_in_the_failsafe(synced) -> None:
    one = synced.anchor(user(1))
    _mark(synced.cloud, one, "IsCloudManaged", True)
    synced.leave(1)
    synced.run()
    report, plan = synced.run()
    assert report.holds == {"CloudManaged": 1}
    assert [each.value for each in plan.readings if each.guard == "Deletes"] == [0]
    assert one in synced.cloud.objects


@pytest.mark.parametrize("clear", [False, None], ids=["said", "left out by a read-back of everything"])
def test_it_is_synchronised_again_once_the_authority_is_back(synced, clear) -> None:
    one = synced.anchor(user(1))
    _mark(synced.cloud, one, "IsCloudManaged", True)
    synced.source.add(user(1, title="Clerk"))
    assert not synced.run()[0].settled
    if clear is None:
        del synced.cloud.objects[one].values["IsCloudManaged"]
        synced.cloud.forgets_cookies = True
    else:
        _mark(synced.cloud, one, "IsCloudManaged", clear)
    synced.run()
    assert synced.cloud.objects[one].values["title"] == "Clerk"


def test_a_change_that_says_nothing_of_the_authority_leaves_it_where_it_is(synced) -> None:
    one = synced.anchor(user(1))
    _mark(synced.cloud, one, "IsCloudManaged", True)
    synced.source.add(user(1, title="Clerk"))
    synced.run()
    del synced.cloud.objects[one].values["IsCloudManaged"]
    _mark(synced.cloud, one, "City", "Berlin")
    assert synced.run()[0].holds == {"CloudManaged": 1}


def test_one_that_was_deleted_in_the_cloud_and_made_anew_by_us_is_ours_again(synced) -> None:
    one = synced.anchor(user(1))
    _mark(synced.cloud, one, "IsCloudManaged", True)
    synced.run()
    synced.cloud.vanish(one)
    report, _ = synced.run()
    assert report.settled
    assert one in synced.cloud.objects
