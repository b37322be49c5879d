"""The version of the tables, apart from their definitions: a run needs those only when it has to make some."""

SCHEMA_VERSION = 8
"""1 had no ``cloud_managed``, 2 none of what joins, unique values and causes need, 3 nothing of guards, approvals and
adoption, 4 nothing of what a source tells of changes, 5 nothing of groups of the cloud, 6 nothing of imports outside
of a run, 7 no index of what is not wanted. Missing tables, columns and indexes are made when a store is opened; a new
column is NULL or has a default."""

READ_BEFORE = """UPDATE sources SET read = 1 WHERE rules IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM partitions p WHERE p.source = sources.id AND p.complete = 0)"""
"""Brings a store along that was made before 3: a source that was read completely in its last run was read once."""
