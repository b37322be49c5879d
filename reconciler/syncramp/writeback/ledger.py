"""What every ledger of written-back groups has alike: the name of their source in it, and why deletes wait."""

CLOUD = "cloud"
"""The name of the source of groups in the ledger; that of who may be a member is the name of the directory."""
BY_HAND = "deletes of written-back groups wait for a person"
NO_BIN = (
    "the recycle bin of Active Directory is off: what is deleted cannot be brought back with its members; "
    "switch it on (Enable-ADOptionalFeature)"
)
LINK_INTERVAL = "link_interval"
"""A fact in the ledger: seconds between two replications over the slowest site link, as the last run read it."""
TOO_HEAVY = "too_heavy"
"""Another one: security group -> members whom the last run kept out of it, by their ids."""
