"""The one group that a user of Active Directory is in without being among its members.

``primaryGroupID`` names it by the last part of its SID (MS-ADA3 2.120), and ``member`` does not show the user. Like
Microsoft's own service, Syncramp does not synchronise such a membership; it says how many there are.
"""

from syncramp.model.facts import Entry
from syncramp.model.values import Kind

ATTRIBUTE = "primarygroupid"
USUAL = frozenset({b"513", b"514", b"515", b"516", b"521"})
"""Domain Users, Guests, Computers, Controllers, and read-only ones (MS-DTYP 2.4.2.4): critical system objects, which
are not synchronised."""
CATEGORY = "is in its primary group by primaryGroupID alone; if that group is synchronised, this member is missing"


def unseen_group(entry: Entry) -> str:
    """What is to be told of a user whose primary group may be synchronised; empty if nothing is."""
    values = entry.attributes.get(ATTRIBUTE)
    if not values or values[0] in USUAL or entry.kind is not Kind.USER:
        return ""
    return f"primaryGroupID is {values[0].decode(errors='backslashreplace')}"
