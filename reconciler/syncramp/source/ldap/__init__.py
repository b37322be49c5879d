"""Directories read over LDAP: never in clear, page by page, with an account and a verified certificate.

``directory`` is the source; ``failover`` chooses the server that a partition is read from, by its ``freshness``, and
``bases`` finds the scopes there. ``tracking`` chooses what is read, and a ``watermark`` keeps where the next read
begins: a full one is a ``reading``, and what changed is a ``delta``, found by ``dirsync`` or ``usn``,
of OpenLDAP (``open_tracking``) by ``syncrepl`` or ``context_csn``. Both make facts
of ``entries``, with ``references`` for the values of links. ``writer`` gives users their anchors.

``session`` holds the connection and is the only place that calls ldap3; ``root`` is what its server says about
itself. Searches are ``search`` in BER (``ber``), go through the ``channel``, and come back through the ``decoder`` as
``messages``. ``tls`` verifies servers, ``kerberos`` signs in; ``faults`` turns what goes wrong into errors for
people.
"""

from syncramp.source.ldap.directory import LdapSource

__all__ = ["LdapSource"]
