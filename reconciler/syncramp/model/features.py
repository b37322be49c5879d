"""The names of the bits of ``DirSyncFeatures``, as far as they are public: AADInternals and its Python port agree."""

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


def features_of(mask: int) -> tuple[str, ...]:
    """The features of a mask in the order of their bits; a bit without a public name is ``bit 32768``."""
    bits = (1 << place for place in range(mask.bit_length()))
    return tuple(FEATURES.get(bit, f"bit {bit}") for bit in bits if mask & bit)
