"""An engine at rest whose one group changes its members."""

from support.build import group, guid, user
from support.engine import Engine


def name_as_members(engine: Engine, *dns: str) -> None:
    """The directory names these as the members of the group."""
    engine.source.members[guid(101)] = list(dns)


def members_in_cloud(engine: Engine) -> set[str]:
    """Anchors of the group's members in the cloud."""
    return engine.cloud.links[engine.anchor(group(101))]


def anchors(engine: Engine, *numbers: int) -> set[str]:
    """Anchors of people."""
    return {engine.anchor(user(number)) for number in numbers}
