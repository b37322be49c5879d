"""A page of the read-back, as a client reads it.

The names of its cookie and of its end mark are not public. Where they are not given they are recognised: a binary
member whose name contains ``Cookie``, and a boolean whose name contains ``More``, ``Partial``, ``Incomplete``,
``Last`` or ``Complete`` (the last two mean the opposite of the others). Where several are recognised and do not say
the same, none is: a page whose end is guessed would make a tenant look emptier than it is.
"""

from collections.abc import Iterable

from syncramp.endpoint.contract.objects import Answer, Listing, elements, read_object
from syncramp.endpoint.contract.operations import READ_BACK, result_of
from syncramp.endpoint.contract.scalars import SPACE, ContractError, read_binary, read_boolean, shown
from syncramp.endpoint.nbfx import Node
from syncramp.model.wire import ReadBackPage

_AT_END = ("last", "complete")
_GOES_ON = ("more", "partial", "incomplete")


def read_read_back(
    answer: Answer, cookie: str | None = None, more: str | None = None, operation: str = READ_BACK
) -> ReadBackPage:
    """One page of the read-back.

    :param cookie: the local name of the member with the cookie; no other one counts then.
    :param more: the same of the end mark.
    :param operation: that of the request; a list of members is kept as it is for V1 and read as additions for V2.
    :raises ContractError: there is no result, or an object does not keep the contract.
    """
    listing = answer if isinstance(answer, Listing) else list_objects(elements(answer), operation)
    found, mark = cookie_member(listing.members, cookie), end_member(listing.members, more)
    return ReadBackPage(
        listing.objects, read_binary(found) if found else None, _shows_more(mark) if mark is not None else None
    )


def list_objects(body: Node, operation: str = READ_BACK) -> Listing:
    """What a read-back lists, from its elements.

    :raises ContractError: there is no result, or an object does not keep the contract.
    """
    result = body.child(result_of(operation))
    if result is None:
        raise ContractError(f"{result_of(operation)} is missing")
    lists = list(result.all("ResultObjects"))
    if len(lists) != 1:
        raise ContractError(f"{result_of(operation)} has {len(lists)} lists of objects, and one is known")
    (listed,) = lists
    as_changes = operation == READ_BACK
    for node in listed.children:
        if node.name != "AzureADSyncObject":  # passed over, it would be absent
            raise ContractError(f"{shown(node.name)} among the objects of the read-back")
    objects = [read_object(node, members_as_changes=as_changes) for node in listed.children]
    return Listing(objects, [node for node in result.children if node is not listed])


def cookie_member(members: Iterable[Node], name: str | None = None) -> Node | None:
    """The member with the cookie.

    :param members: those of the result beside its objects.
    :param name: what it is called; None: it is recognised.
    :returns: None where there is none, or several of different content.
    """
    found = [node for node in members if node.parts and (node.name == name if name else names_cookie(node.name))]
    return found[0] if len({node.text for node in found}) == 1 else None


def end_member(members: Iterable[Node], name: str | None = None) -> Node | None:
    """The member that marks the end, as :func:`cookie_member`; None also where several contradict each other."""
    found = [
        node
        for node in members
        if (node.name == name if name else names_end(node.name))
        and node.text.strip(SPACE) in ("true", "false", "1", "0")
    ]
    return found[0] if len({_shows_more(node) for node in found}) == 1 else None


def names_cookie(name: str) -> bool:
    """A member of this name is taken for the cookie."""
    return "cookie" in name.lower()


def names_end(name: str) -> bool:
    """A member of this name is taken for the end mark."""
    return not names_cookie(name) and any(word in name.lower() for word in (*_AT_END, *_GOES_ON))


def _shows_more(mark: Node) -> bool:
    low = mark.name.lower()
    at_end = any(word in low for word in _AT_END) and not any(word in low for word in _GOES_ON)
    return read_boolean(mark) is not at_end
