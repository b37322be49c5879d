"""How changes of a directory are found (``spec.sources[].ldap.changeTracking``), and what that says of its deltas."""

AUTO, FULL = "Auto", "Full"
DIRSYNC, USN = "DirSync", "USN"
SYNCREPL, CONTEXT_CSN = "SyncRepl", "ContextCSN"

OF_ACTIVE_DIRECTORY = (DIRSYNC, USN)
"""It keeps references: whoever names somebody who is renamed names him by his new name. Tombstones tell who left."""
OF_OPENLDAP = (SYNCREPL, CONTEXT_CSN)
"""References stay as they were written. Who left may be concluded from absence, where no tombstone tells it."""
