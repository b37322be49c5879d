"""What Exchange says of an entry, by the bits of msExchRecipientTypeDetails.

Source: Microsoft's page "Understanding the default configuration", the published export of its rules of 2016
(microsoft/AADConnectConfigDocumenter), and its list of recipient types.
"""

from syncramp.model.facts import Entry
from syncramp.rules.values import INTEGER

TYPE = "msexchrecipienttypedetails"
MAILBOX_ID = "msexchmailboxguid"
HIDDEN_MAILBOXES = 0x21C07000
"""Public folders, system attendants, mailbox plans, arbitration and discovery."""
ROLE_GROUP = 0x40000000
LINKED_MAILBOX = 2
"""The whole value of a mailbox whose account is in another forest."""
MAILBOXES = 0x3F | 0x8000_0000 | 0xE_0000_0000
"""User, linked, shared, legacy, room, equipment; and those that are in the cloud already: remote user, room,
equipment, shared."""


def recipient_type(entry: Entry) -> int:
    """The value; 0 where there is none, or none that is a number."""
    return number_of(entry, TYPE)


def has_mailbox(entry: Entry) -> bool:
    """Exchange keeps a mailbox of it, here or in the cloud."""
    return MAILBOX_ID in entry.attributes or bool(recipient_type(entry) & MAILBOXES)


def number_of(entry: Entry, name: str) -> int:
    """The first value of an attribute; 0 where there is none, or none that is a number."""
    value = entry.attributes.get(name, (b"",))[0]
    return int(value) if INTEGER.fullmatch(value) else 0
