"""Directories read over LDAP: never in clear, page by page, with an account and a verified certificate.

``directory`` is the source; a partition is read from a server that knows all that was seen before, whole or from
where the last read ended, and its facts come as they are decoded. docs/architecture.md shows all modules.
"""

from syncramp.source.ldap.directory import LdapSource

__all__ = ["LdapSource"]
