"""A document in which a person approves, and what waits in its store."""

from dataclasses import replace
from pathlib import Path

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.plan import Plan
from syncramp.model.report import RunReport
from syncramp.spec.types import ApprovalMode

HOUR = 3600.0


def by_hand(path: Path) -> Engine:
    """Three people and a group of two are in the cloud; from now on a person approves."""
    engine = Engine(path)
    engine.source.add(user(1), user(2), user(3), group(101))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    engine.settle()
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    engine.cloud.calls.clear()
    return engine


def waiting(engine: Engine) -> dict[tuple[str, str], int]:
    """How many changes wait since the last run, by hold and class."""
    with engine.store() as store:
        return {(each.hold, each.part): each.changes for each in store.approvals.proposals() if each.waits}


def digests(engine: Engine) -> dict[str, str]:
    """What waits since the last run, by class."""
    with engine.store() as store:
        return {each.part.value: each.digest for each in store.approvals.proposals() if each.waits}


def name_in_cloud(engine: Engine, number: int) -> object:
    """What somebody is called in the cloud."""
    return engine.cloud.objects[engine.anchor(user(number))].values["displayName"]


def rename(engine: Engine, number: int, name: str) -> tuple[RunReport, Plan]:
    """Somebody gets another name, and a run sees it."""
    engine.source.add(user(number, displayName=name))
    return engine.run()
