"""What every ledger of written-back groups has alike: the name of their source in it, and why deletes wait."""

CLOUD = "cloud"
"""The name of the source of groups in the ledger; that of who may be a member is the name of the directory."""
BY_HAND = "deletes of written-back groups wait for a person"
NO_BIN = (
    "the recycle bin of Active Directory is off: what is deleted cannot be brought back with its members; "
    "switch it on (Enable-ADOptionalFeature)"
)
