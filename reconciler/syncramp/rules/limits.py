"""How long a text may be and how many values a list may have, each number with its source.

The directory's own schema has most of these limits for AD, so they bite where a value comes from elsewhere: from
another LDAP server, or from a rule. The sources:

* *prepare*: Microsoft, prepare for directory synchronization to Microsoft 365.
* *user*: Microsoft Graph v1.0, the resource type user.
* *errors*: Microsoft, understanding errors during Microsoft Entra synchronization.
* *schema*: rangeUpper of the attribute in AD's schema (MS-ADA1 to MS-ADA3), where nothing is said of the cloud.
"""

LONGEST = {
    "displayName": 256,  # prepare, user
    "givenName": 64,  # prepare, user
    "surname": 64,  # user
    "title": 128,  # user: jobTitle
    "department": 64,  # user
    "company": 64,  # user: companyName
    "city": 128,  # user
    "state": 128,  # user
    "country": 128,  # user
    "postalCode": 40,  # user
    "streetAddress": 1024,  # user
    "mobile": 64,  # user: mobilePhone
    "telephoneNumber": 64,  # schema
    "facsimileTelephoneNumber": 64,  # schema
    "physicalDeliveryOfficeName": 128,  # schema
    "alias": 64,  # user: mailNickname
    "mail": 256,  # schema
    "targetAddress": 256,  # prepare
}
"""Wire name -> characters."""
LEAST = min(LONGEST.values())
"""A text that is not longer is never too long, whatever its attribute."""
LONGEST_ADDRESS = 256
"""Characters of one value of proxyAddresses (prepare)."""
LONGEST_NAME, LONGEST_SUFFIX = 64, 48
"""Characters of a user principal name before and after the ``@``; 113 in all (prepare)."""
LONGEST_EXTENSION, MOST_EXTENSIONS = 250, 100
"""Characters of a directory extension, and how many of them an object may have (errors)."""
MOST = {
    "userCertificate": 15,  # errors: the hard limit
    "userSMIMECertificate": 15,  # errors
    "proxyAddresses": 332,  # errors: what a user without anything else may hold
}
"""Wire name -> values."""
