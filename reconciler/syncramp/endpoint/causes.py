"""Why the service refuses an object: the causes that Microsoft documents, and what helps; and why a directory does.

What the service writes into ``ResultErrorCode`` and ``ResultErrorDescription`` is public for a few causes only, so a
cause is recognised by its documented name or number in either of them, and by the words of the texts that are known.

Source: "Troubleshoot errors during synchronization" and its pages on duplicate attributes, large objects and error
114 (Microsoft Entra Connect); message centre posts MC1262584 and MC1263280 on hard matches.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """One family of refusals."""

    name: str
    """As Microsoft calls it."""
    remedy: str
    """What to do, one sentence."""
    words: tuple[str, ...] = ()
    """Lower case; one of them in the code or in the text tells it."""


UNRESOLVED = "UnresolvedReference"

CAUSES = (
    Cause(
        "AttributeValueMustBeUnique",
        "find the object of the tenant that has the value too (an address or userPrincipalName) and change one",
        ("attributevaluemustbeunique", "may already be associated with another object", "must be unique"),
    ),
    Cause(
        "InvalidSoftMatch",
        "an object with the same address or name is in the tenant under another source anchor, or BlockSoftMatch is "
        "on: change the address, or delete the other object",
        ("invalidsoftmatch", "soft match", "softmatch"),
    ),
    Cause(
        "ExistingAdminRoleConflict",
        "the object it would match has a role in the tenant: take the role away for the time of the match",
        ("adminroleconflict", "admin role", "administrative role", "privileged role"),
    ),
    Cause(
        "InvalidHardMatch",
        "the tenant blocks taking over objects of the cloud by their anchor: a person must allow it, or give the "
        "object another anchor",
        ("invalidhardmatch", "hard match", "hardmatch"),
    ),
    Cause(
        "ObjectTypeMismatch",
        "an object of another type (user, group, contact) has the same address: change one of them",
        ("objecttypemismatch",),
    ),
    Cause(
        "IdentityDataValidationFailed",
        "its userPrincipalName has characters or a form that the tenant does not take: correct it in the directory",
        ("identitydatavalidationfailed",),
    ),
    Cause(
        "FederatedDomainChangeError",
        "a userPrincipalName cannot move between two federated domains at once: move it to a managed domain first",
        ("federateddomainchange",),
    ),
    Cause(
        "DataValidationFailed",
        "a value is not acceptable to the tenant: the text of the service names it; correct it in the directory",
        ("datavalidationfailed",),
    ),
    Cause(
        "LargeObject",
        "it has too many values, or one is too long (15 certificates, about 332 addresses, 250 characters in an "
        "extension): trim it in the directory",
        ("largeobject", "exceededallowedlength", "object is too large", "member count exceeded"),
    ),
    Cause(
        "QuotaExceeded",
        "the tenant holds as many objects as it may: verify a domain, or ask Microsoft for a larger quota",
        ("quotaexceeded", "quota"),
    ),
    Cause(
        "RepeatedReferenceChange",
        "the member was added, or removed, already: the next read-back shows what is there",
        ("repeatedreferencechange", "references already exist", "references do not exist"),
    ),
    Cause(
        UNRESOLVED,
        "a member or manager is not in the tenant, or too new to be found: the next run sends it again",
        ("unresolvedreference", "dn-attributes-failure", " reference"),
    ),
    Cause(
        "114",
        "the object is not in the tenant, or not synchronised any more: the next read-back shows what is there",
        ("is not valid. contact technical support",),
    ),
    Cause(
        "CloudManaged",
        "the source of authority of the object is the cloud: take it out of scope, or give the authority back",
        ("cloudmanaged", "source of authority", "sourceofauthority", "blockonpremisessync"),
    ),
)
DIRECTORY_CAUSES = (
    Cause(
        "insufficientAccessRights",
        "give the account that writes its rights in the container, and move the group back if it lies elsewhere; "
        "Active Directory takes them away from a group whose adminCount is 1",
    ),
    Cause("noSuchObject", "the group, or the member, is not in the directory any more: the next look shows what is"),
    Cause("entryAlreadyExists", "somebody has all names that the group may have: rename the other objects"),
    Cause("constraintViolation", "a value is longer, or other, than the schema permits: correct it in the cloud"),
    Cause("invalidAttributeSyntax", "a value is none of its attribute's: correct it in the cloud"),
    Cause("unwillingToPerform", "a rule of the directory forbids it: a member of another kind or scope, for example"),
    Cause("noSuchAttribute", "the schema does not have an attribute: the next run reads the schema again"),
    Cause("undefinedAttributeType", "the schema does not have an attribute: the next run reads the schema again"),
    Cause("attributeOrValueExists", "the directory says that a value is there already: the next look shows it"),
    Cause("objectClassViolation", "a group of this forest needs an attribute that is not written"),
    Cause("namingViolation", "the directory does not take the name of the group: correct it in the cloud"),
    Cause("notAllowedOnNonLeaf", "something lies below the group in the directory: move that away first"),
    Cause("strongerAuthRequired", "the domain controller wants a connection that is protected otherwise"),
    Cause("confidentialityRequired", "the domain controller wants a connection that is protected otherwise"),
    Cause("other", "the domain controller's text, and its event log, tell more"),
    Cause("recycleBinOff", "switch the recycle bin of the forest on, or delete the group by hand"),
    Cause("notShown", "let the account that writes read where the group was moved to, and list what is deleted"),
    Cause("notOurs", "the entry does not bear the mark of the group: nothing but written-back groups is changed"),
)
"""Why a directory that groups are written to refuses one: results by their names in RFC 4511, and two words of ours.

They are recognised by their name alone. A directory's text may have any of the service's words in it.
"""
_CRASH = "object reference not set"
"""How .NET says that a program failed; it has nothing to do with references between objects."""
_BY_NAME = {cause.name: cause for cause in (*CAUSES, *DIRECTORY_CAUSES)}


def cause_of(code: str, description: str) -> Cause:
    """The cause of a refusal.

    :param code: ``ResultErrorCode``.
    :param description: ``ResultErrorDescription``.
    :returns: a documented cause; a cause without a remedy that is named by the code where none is recognised.
    """
    if code in _BY_NAME:
        return _BY_NAME[code]
    told = f"{code} {description}".lower().replace(_CRASH, "")
    found = next((cause for cause in CAUSES if any(word in told for word in cause.words)), None)
    return found or Cause(code if code not in ("", "0") else "without a code", "")


def remedy_of(name: str) -> str:
    """What helps against a cause, by its name; empty where nothing is known."""
    return _BY_NAME[name].remedy if name in _BY_NAME else ""
