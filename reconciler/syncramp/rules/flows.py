"""Attribute flow of the default rules: which directory attribute becomes which wire attribute, and how.

Wire names are those of Microsoft's own connector; most equal AD's, the others are renamed here (``sn`` to surname,
``l`` to city, ...). onPremiseSecurityIdentifier is spelled so on the wire, without an "s" after "Premise". What
Microsoft's 2016 connector schema lacks (employeeId, onPremisesDistinguishedName, onPremisesObjectIdentifier) came
with later releases of it.
"""

from syncramp.model.values import Kind
from syncramp.rules.values import (
    Convert,
    binary,
    certificates,
    enabled,
    filetime,
    guid_text,
    integer,
    security_enabled,
    text,
    texts,
)

Flow = tuple[str, str, Convert]
"""Wire name, directory attribute in lower case, conversion."""

_EXTENSIONS: tuple[Flow, ...] = tuple(
    (f"extensionAttribute{number}", f"extensionattribute{number}", text) for number in range(1, 16)
)
_MAIL: tuple[Flow, ...] = (
    ("mail", "mail", text),
    ("alias", "mailnickname", text),
    ("proxyAddresses", "proxyaddresses", texts),
)
_NAMES: tuple[Flow, ...] = (
    ("commonName", "cn", text),
    ("displayName", "displayname", text),
)
_PERSON: tuple[Flow, ...] = (
    ("givenName", "givenname", text),
    ("surname", "sn", text),
    ("company", "company", text),
    ("department", "department", text),
    ("title", "title", text),
    ("physicalDeliveryOfficeName", "physicaldeliveryofficename", text),
    ("streetAddress", "streetaddress", text),
    ("city", "l", text),
    ("state", "st", text),
    ("postalCode", "postalcode", text),
    ("country", "co", text),
    ("countryLetterCode", "c", text),
    ("countryCode", "countrycode", integer),
    ("telephoneNumber", "telephonenumber", text),
    ("mobile", "mobile", text),
    ("facsimileTelephoneNumber", "facsimiletelephonenumber", text),
)
_ON_PREMISES: tuple[Flow, ...] = (
    ("onPremisesSamAccountName", "samaccountname", text),
    ("onPremiseSecurityIdentifier", "objectsid", binary),
    ("onPremisesObjectIdentifier", "objectguid", guid_text),
)

FLOWS: dict[Kind, tuple[Flow, ...]] = {
    Kind.USER: (
        ("userPrincipalName", "userprincipalname", text),
        ("accountEnabled", "useraccountcontrol", enabled),
        *_NAMES,
        *_PERSON,
        *_MAIL,
        *_ON_PREMISES,
        ("employeeId", "employeeid", text),
        ("preferredLanguage", "preferredlanguage", text),
        ("usageLocation", "msexchusagelocation", text),
        ("lastPasswordChangeTimestamp", "pwdlastset", filetime),
        ("thumbnailPhoto", "thumbnailphoto", binary),
        ("userCertificate", "usercertificate", certificates),
        *_EXTENSIONS,
    ),
    Kind.GROUP: (
        *_NAMES,
        ("description", "description", text),
        ("securityEnabled", "grouptype", security_enabled),
        *_MAIL,
        *_ON_PREMISES,
        *_EXTENSIONS,
    ),
    Kind.CONTACT: (
        *_NAMES,
        *_PERSON,
        *_MAIL,
        ("targetAddress", "targetaddress", text),
        *_EXTENSIONS,
    ),
}

REFERENCES: dict[Kind, tuple[Flow, ...]] = {
    Kind.USER: (("manager", "manager", text),),
    Kind.GROUP: (("managedBy", "managedby", text),),
    Kind.CONTACT: (("manager", "manager", text),),
}
"""Single references; their values are DNs."""
