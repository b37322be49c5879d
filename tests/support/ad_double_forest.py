"""What stands in a forest beside its people: schema, features, sites and their links, and who its controllers are.

Plain entries below CN=Configuration, as a real forest has them; a test changes them like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from support.ad_double_tree import Replica

RECYCLE_BIN = UUID("766ddcd8-acd0-445e-f3b9-a7f9b6744f2a")
CONFIGURATION = "CN=Configuration"


@dataclass
class Forest:
    """GUIDs of what was made, for a test to change."""

    features: bytes = b""
    """Its ``msDS-EnabledFeature`` is CN=Partitions'."""
    links: dict[str, bytes] = field(default_factory=dict)
    servers: dict[str, bytes] = field(default_factory=dict)
    """NTDS Settings, by host name."""


def configured(
    replica: Replica, *replicas: Replica, hosts: Iterable[str] = ("dc.test",), intervals: Iterable[int] = (180,)
) -> Forest:
    """Give a domain its configuration, and the group that every domain has.

    :param replicas: the other controllers, with the rest of ``hosts`` as their names.
    :param intervals: minutes, ``replInterval`` of one site link each.
    """
    made = Forest()
    replica.group("Domain Users", replica.add("CN=Users", None, "top", "container"))
    top = replica.add(CONFIGURATION, None, "top", "configuration")
    schema = replica.add("CN=Schema", top, "top", "dMD")
    for name in replica.schema:
        replica.add(f"CN={name}", schema, "top", "attributeSchema", lDAPDisplayName=[name.encode()])
    _add_features(replica, top, made)
    sites = replica.add("CN=Sites", top, "top", "sitesContainer")
    for one, host in zip((replica, *replicas), hosts, strict=True):
        made.servers[host] = _add_server(replica, sites, one, host)
    transport = _path(replica, sites, "CN=Inter-Site Transports", "CN=IP")
    for number, interval in enumerate(intervals):
        name = f"LINK{number}"
        made.links[name] = replica.add(
            f"CN={name}", transport, "top", "siteLink", replInterval=[b"%d" % interval], cost=[b"100"]
        )
    return made


def _add_features(replica: Replica, top: bytes, made: Forest) -> None:
    optional = _path(replica, top, "CN=Services", "CN=Windows NT", "CN=Directory Service", "CN=Optional Features")
    feature = replica.add(
        "CN=Recycle Bin Feature",
        optional,
        "top",
        "msDS-OptionalFeature",
        **{"msDS-OptionalFeatureGUID": [RECYCLE_BIN.bytes_le]},
    )
    name = replica.dn(replica.objects[feature]).encode()
    enabled = {"msDS-EnabledFeature": [name]} if replica.recycle_bin else {}
    made.features = replica.add(
        "CN=Partitions", top, "top", "crossRefContainer", **{"msDS-Behavior-Version": [b"7"], **enabled}
    )
    if replica.recycle_bin:
        scope = replica.dn(replica.objects[made.features]).encode()
        replica.change(feature, **{"msDS-EnabledFeatureBL": [scope]})


def _add_server(replica: Replica, sites: bytes, one: Replica, host: str) -> bytes:
    servers = _path(replica, sites, "CN=Default-First-Site-Name", "CN=Servers")
    server = replica.add(f"CN=DC{one.number}", servers, "top", "server", dNSHostName=[host.encode()])
    return replica.add(
        "CN=NTDS Settings",
        server,
        "top",
        "applicationSettings",
        "nTDSDSA",
        invocationId=[one.invocation],
        **{"msDS-hasMasterNCs": [replica.domain.encode()], "options": [b"1"]},
    )


def _path(replica: Replica, above: bytes, *rdns: str) -> bytes:
    for rdn in rdns:
        found = next((held.guid for held in replica.called(rdn) if held.parent == above), None)
        above = found or replica.add(rdn, above, "top", "container")
    return above
