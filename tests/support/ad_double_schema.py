"""The schema of a forest, as far as groups go: attributes, and rangeUpper of each."""

from collections.abc import Mapping

SCHEMA: Mapping[str, int] = {
    "adminDescription": 226,
    "cn": 64,
    "description": 1024,
    "displayName": 256,
    "groupType": 11,
    "info": 1024,
    "mail": 256,
    "mailNickname": 64,
    "managedBy": 0,
    "member": 0,
    "msDS-ExternalDirectoryObjectId": 256,
    "msExchRequireAuthToSendTo": 5,
    "objectClass": 0,
    "proxyAddresses": 1123,
    "sAMAccountName": 256,
}
"""Attributes that groups can have -> characters at most; 0: no limit."""
EXCHANGE = frozenset({"mailNickname", "msExchRequireAuthToSendTo"})
"""What is there only where Exchange extended the schema."""
MANY = frozenset({"member", "objectclass", "proxyaddresses"})
"""In lower case: they can have several values."""
