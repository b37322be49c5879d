"""What a store belongs to from its first run on."""

from syncramp.spec.types import SyncConfig

LEDGER_ANEW = (
    "set spec.writeback.groups.source back, or delete the ledger: the next run begins a new one, and takes over what"
    " stands in the directory by its mark"
)
"""What helps against a ledger of another directory; whoever reads a status has no ``--state``."""


def identity(config: SyncConfig) -> dict[str, str]:
    """The tenant, its cloud and the anchor: under another one everything in the store would be wrong."""
    return {
        "tenantID": config.target.tenant_id.lower(),
        "cloud": config.target.cloud.value,
        "sourceAnchor": str(config.source_anchor),
    }


def ledger_identity(config: SyncConfig) -> dict[str, str]:
    """The same of the ledger of written-back groups, which belongs to one directory, too."""
    source = {"writeback": config.writeback.source} if config.writeback else {}
    return {**identity(config), **source}
