"""What Active Directory refuses of a change, and how it words that: result codes with its own texts.

The codes of members are those of the security accounts manager, which owns ``member``: who is a member already is
entryAlreadyExists (ERROR_MEMBER_IN_ALIAS, 0x562), and who is none cannot be removed (ERROR_MEMBER_NOT_IN_ALIAS,
0x561: unwillingToPerform), where other attributes say attributeOrValueExists and noSuchAttribute; neither is said
under LDAP_SERVER_PERMISSIVE_MODIFY_OID (MS-ADTS 3.1.1.3.4.1.8). A modify that asks for more than the version store
holds is rolled back as a whole: the documents advise 5,000 values at most. Lengths are rangeUpper of the schema.
"""

from support.ad_double_search import NO_OBJECT, Refused
from support.ad_double_tree import Object, Replica

TOO_MANY = (11, "00002024: SvcErr: DSID-02050C1B, problem 5008 (ADMIN_LIMIT_EXCEEDED), data -1069\n")
BUSY = (51, "000020EE: SvcErr: DSID-03210F4E, problem 5001 (BUSY), data 0\n")
UNAVAILABLE = (52, "000020EF: SvcErr: DSID-03210F50, problem 5002 (UNAVAILABLE), data 0\n")
DENIED = (50, "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n")
NO_MEMBER = NO_OBJECT
IS_MEMBER = (68, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0\n")
IS_NO_MEMBER = (53, "00000561: SvcErr: DSID-031A120C, problem 5003 (WILL_NOT_PERFORM), data 0\n")
LOCAL_MEMBER = (53, "00002146: SvcErr: DSID-031A1210, problem 5003 (WILL_NOT_PERFORM), data 0\n")
CRITICAL = (53, "0000208C: SvcErr: DSID-030F0F4F, problem 5003 (WILL_NOT_PERFORM), data 0\n")
DN_TAKEN = (68, "00002071: UpdErr: DSID-0305038D, problem 6005 (ENTRY_EXISTS), data 0\n")
ACCOUNT_TAKEN = (68, "00000524: UpdErr: DSID-031A11FA, problem 6005 (ENTRY_EXISTS), data 0\n")
NOT_A_LEAF = (66, "00002015: UpdErr: DSID-031A124C, problem 6003 (CANT_ON_NON_LEAF), data 0\n")
ON_RDN = (67, "000020B1: UpdErr: DSID-030F11A5, problem 6004 (CANT_ON_RDN), data 0\n")
BAD_NAME = (64, "00002099: NameErr: DSID-03050F58, problem 2005 (NAMING_VIOLATION), data 0, best match of:\n\t''\n")
LACKS = (65, "0000207D: UpdErr: DSID-03150E43, problem 6002 (OBJ_CLASS_VIOLATION), data 0\n")
UNKNOWN = (16, "00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation, data 0, v4563")
NO_VALUE = (16, "00002085: AtrErr: DSID-03152892, #1:\n\t0: 00002085, problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0\n")
HAS_VALUE = (20, "00002083: AtrErr: DSID-03151830, #1:\n\t0: 00002083, problem 1006 (ATT_OR_VALUE_EXISTS), data 0\n")
TOO_LONG = (19, "00002082: AtrErr: DSID-03151904, #1:\n\t0: 00002082, problem 1005 (CONSTRAINT_ATT_TYPE), data 0\n")
BAD_SYNTAX = (34, "0000208F: NameErr: DSID-031001F7, problem 2006 (BAD_NAME), data 8349, best match of:\n\t''\n")
BAD_CRITICAL = (12, "00000057: LdapErr: DSID-0C0907AC, comment: Error processing control, data 0, v4563")

_UNIVERSAL, _DOMAIN_LOCAL = 0x8, 0x4


def check_values(replica: Replica, attribute: str, *values: bytes) -> None:
    """:raises Refused: the schema has no such attribute, or a value is empty or too long."""
    most = next((most for name, most in replica.schema.items() if name.lower() == attribute.lower()), None)
    if most is None:
        raise Refused(*UNKNOWN)
    if any(not value or (most and len(value.decode()) > most) for value in values):
        raise Refused(*TOO_LONG)


def check_member(group: Object, member: Object) -> None:
    """:raises Refused: a group of this scope cannot have such a member."""
    if _type_of(group) & _UNIVERSAL and (
        b"foreignSecurityPrincipal" in member.values["objectclass"] or _type_of(member) & _DOMAIN_LOCAL
    ):
        raise Refused(*LOCAL_MEMBER)


def check_deleted(held: Object, children: bool) -> None:
    """:raises Refused: something lies in it, or the system needs it."""
    if held.values.get("iscriticalsystemobject") == [b"TRUE"]:
        raise Refused(*CRITICAL)
    if children:
        raise Refused(*NOT_A_LEAF)


def _type_of(held: Object) -> int:
    return int((held.values.get("grouptype") or [b"0"])[0])
