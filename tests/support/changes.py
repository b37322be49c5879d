"""Changes by hand: a create, and members that a group gets."""

from pyroaring import BitMap

from syncramp.model.plan import MembershipChange, ObjectChange, Verb
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind


def creates(identity: int, upn: str) -> ObjectChange:
    """Somebody comes under a name."""
    desired = {"userPrincipalName": upn}
    state = ObjectState(
        identity, 1, Kind.USER, f"{identity:03}", "CN=x", desired, None, False, frozenset(), None, "", {}
    )
    return ObjectChange(state, Verb.CREATE, desired)


def gains(identity: int, adds: BitMap) -> MembershipChange:
    """A group gets members."""
    empty = BitMap()
    bracket = Membership(identity, 1, f"{identity:03}", "CN=g", "", adds, empty, empty, empty, True)
    return MembershipChange(bracket, adds, empty)
