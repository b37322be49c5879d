"""Directories, read as streams of facts: LDIF files and LDAP servers give equal facts for equal people."""
