"""What the service says of a tenant and of itself: GetCompanyConfiguration and Capabilities, as a client reads them.

By local names and leniently: the genuine answers have more members than public clients read.
"""

from xml.etree import ElementTree

from syncramp.endpoint.contract.objects import Answer, elements
from syncramp.endpoint.contract.operations import CAPABILITIES, GET_COMPANY, result_of
from syncramp.endpoint.contract.scalars import NO_GUID, ContractError, read_integer
from syncramp.endpoint.nbfx import Node
from syncramp.model.wire import Capabilities, Company


def read_company(answer: Answer) -> Company:
    """The answer of GetCompanyConfiguration.

    :raises ContractError: it has no result with a tenant id.
    """
    result = elements(answer).child(result_of(GET_COMPANY))
    if result is None or result.child("TenantId") is None:
        raise ContractError(f"{result_of(GET_COMPANY)} with a TenantId is missing")
    found = _Leaves(result)
    return Company(
        tenant_id=found.text("TenantId") or "",
        display_name=found.text("DisplayName") or "",
        syncing=found.flag("IsDirSyncing"),
        anchor_attribute=found.text("AnchorAttribute"),
        max_links=found.number("MaxLinksSupportedAcrossBatchInProvision2") or 15_000,
        interval=found.text("SynchronizationInterval"),
        delete_threshold=found.number("ThresholdCount"),
        known_objects=found.number("TotalConnectorSpaceObjects"),
        client_machine=found.text("DirSyncClientMachineName"),
        client_version=found.text("ClientVersion"),
        client_application=found.guid("ApplicationVersion"),
        features=found.number("DirSyncFeatures") or 0,
        allowed_features=tuple(name for name in (found.text("AllowedFeatures") or "").split() if name != "None"),
        tracking_changes=found.flag("IsTrackingChanges"),
        deletion_prevention=found.text("DeletionPrevention"),
        delete_percentage=found.number("ThresholdPercentage"),
        password_syncing=found.flag("IsPasswordSyncing"),
        group_container=found.text("UnifiedGroupContainer"),
        user_container=found.text("UserContainer"),
    )


class _Leaves:
    """The elements without children, by local name."""

    def __init__(self, result: Node) -> None:
        self._found = {node.name: node for node in result.walk() if not node.children}

    def text(self, name: str) -> str | None:
        return self._found[name].text or None if name in self._found else None

    def guid(self, name: str) -> str | None:
        text = self.text(name)
        return None if text == NO_GUID else text

    def flag(self, name: str) -> bool:
        return (self.text(name) or "").strip().lower() in ("true", "1")

    def number(self, name: str) -> int | None:
        try:
            return read_integer(self._found[name])
        except (KeyError, ContractError):
            return None


def read_capabilities(answer: Answer) -> Capabilities:
    """The answer of Capabilities: a text that is an XML document.

    :raises ContractError: it is none.
    """
    result = elements(answer).child(result_of(CAPABILITIES))
    text = result.text if result is not None else ""
    if not text or "<!" in text:  # a document type could define entities without end
        raise ContractError(f"{result_of(CAPABILITIES)} must be an XML document without a document type")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        raise ContractError(f"{result_of(CAPABILITIES)} is no XML document") from None
    found: dict[str, list[str]] = {}
    blocked: list[str] = []
    for element in root.iter():
        found.setdefault(_local(element), []).append((element.text or "").strip())
        if _local(element) == "BlackList" and _in_force(element):
            blocked += [(version.text or "").strip() for version in element if _local(version) == "ClientVersion"]
    latest, oldest = (found.get(name, [""])[0] for name in ("LatestProductVersion", "MinimumProductVersion"))
    return Capabilities(latest, oldest, tuple(blocked))


def _in_force(black_list: ElementTree.Element) -> bool:
    """``Enabled`` is an attribute or a child; without it the list counts."""
    said = black_list.get("Enabled")
    if said is None:
        said = next((child.text for child in black_list if _local(child) == "Enabled"), None)
    return (said or "true").strip().lower() in ("true", "1")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
