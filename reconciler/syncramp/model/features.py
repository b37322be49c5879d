"""The names of the bits of ``DirSyncFeatures``, as far as they are public: AADInternals and its Python port agree."""

from enum import StrEnum

FEATURES = {
    1: "PasswordHashSync",
    2: "PasswordWriteBack",
    4: "DirectoryExtensions",
    8: "DuplicateUPNResiliency",
    16: "EnableSoftMatchOnUpn",
    32: "DuplicateProxyAddressResiliency",
    512: "EnforceCloudPasswordPolicyForPasswordSyncedUsers",
    1024: "UnifiedGroupWriteback",
    2048: "UserWriteback",
    4096: "DeviceWriteback",
    8192: "SynchronizeUpnForManagedUsers",
    16384: "EnableUserForcePasswordChangeOnLogon",
    131072: "PassThroughAuthentication",
    524288: "BlockSoftMatch",
    1048576: "BlockCloudObjectTakeoverThroughHardMatch",
}


class Capability(StrEnum):
    """What the sync client before us may do for a tenant and we do not; a document accepts each loss by name."""

    PASSWORD_HASH_SYNC = "PasswordHashSync"  # noqa: S105
    PASSWORD_WRITEBACK = "PasswordWriteback"  # noqa: S105
    GROUP_WRITEBACK = "GroupWriteback"
    USER_WRITEBACK = "UserWriteback"
    DEVICE_WRITEBACK = "DeviceWriteback"
    PASS_THROUGH_AUTHENTICATION = "PassThroughAuthentication"  # noqa: S105


CAPABILITIES = {
    1: Capability.PASSWORD_HASH_SYNC,
    2: Capability.PASSWORD_WRITEBACK,
    1024: Capability.GROUP_WRITEBACK,
    2048: Capability.USER_WRITEBACK,
    4096: Capability.DEVICE_WRITEBACK,
    131072: Capability.PASS_THROUGH_AUTHENTICATION,
}
"""By the bit that tells of it. Bits of Exchange hybrid writeback and of keys of Windows Hello are not public."""


def features_of(mask: int) -> tuple[str, ...]:
    """The features of a mask in the order of their bits; a bit without a public name is ``bit 32768``."""
    bits = (1 << place for place in range(mask.bit_length()))
    return tuple(FEATURES.get(bit, f"bit {bit}") for bit in bits if mask & bit)
