"""Directories read over LDAP: never in clear, page by page, with an account and a verified certificate.

``directory`` is the source, ``reading`` one partition of it; ``failover`` chooses the server that it is read from, by
its ``freshness``; ``writer`` gives users their anchors. ``session`` holds the connection and is the only place that
calls ldap3; ``root`` is what its server says about itself. Searches are ``search`` in BER (``ber``), go through the
``channel``, and come back through the ``decoder`` as ``messages``. ``tls`` verifies servers; ``faults`` turns what
goes wrong into errors for people.
"""

from syncramp.source.ldap.directory import LdapSource

__all__ = ["LdapSource"]
