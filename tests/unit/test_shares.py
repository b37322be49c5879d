"""What of a plan goes at first to a tenant that was adopted: of a group that is filled in one go, all of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.changes import creates, gains
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import Hold
from syncramp.model.ramps import Room
from syncramp.model.stages import Progress, Stage
from syncramp.plan.shares import begun, counted, filled


@given(
    st.sets(st.integers(1, 60), max_size=40),
    st.lists(st.sets(st.integers(1, 80), min_size=1, max_size=70), max_size=4),
    st.sets(st.integers(900, 903)),
)
def test_of_a_group_that_is_filled_in_one_go_all_is_chosen_or_nothing(
    objects: set[int], groups: list[set[int]], there: set[int]
) -> None:
    absent = [900 + number for number in range(len(groups)) if 900 + number not in there]
    made = [creates(identity, f"u{identity}@x") for identity in [*sorted(objects), *absent]]
    members = [gains(900 + number, BitMap(adds)) for number, adds in enumerate(groups)]
    members = [
        replace(each, membership=replace(each.membership, in_cloud=each.membership.id in there)) for each in members
    ]
    room = Room("built-in", BitMap(), Hold.RAMP, "it waits", fills=True)
    around = Circumstances(ramps={each.membership.id: room for each in members})
    made, in_cloud = [*made, *members], BitMap(range(61, 81)) | BitMap(there)
    before = begun(Progress(), Stage.CANARY, *counted(made))
    share = filled(before, lambda: made, around, in_cloud, lambda ids: [f"{identity:03}" for identity in ids])
    assert len(share.objects) <= share.most_objects and share.chosen_links <= share.most_links
    for each in members:
        group, chosen = each.membership.id, share.links.get(each.membership.id, BitMap())
        assert chosen in (BitMap(), each.adds) and chosen <= in_cloud | share.objects
        assert (group in share.objects) is (bool(chosen) and group not in there), "never created without its members"
    left = share.most_links - share.chosen_links
    for each in members if len(share.objects) < share.most_objects else ():
        fits = len(each.adds) <= left and each.adds <= in_cloud | (share.objects - BitMap(absent))
        assert each.membership.id in share.links or not fits
