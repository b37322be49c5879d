"""A document that writes groups back, and what its runs told of them, made by hand."""

from support import build
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport, Tally
from syncramp.model.written import WrittenReport

CONTAINER = f"OU=Groups,{build.BASE}"
DOCUMENT = (
    build.DOCUMENT.replace(
        "ldif: {path: corp.ldif}",
        'ldap: {servers: ["ldaps://dc1.corp.example.com"], bind: {secretRef: {name: reader}}}',
    )
    + f"""\
  writeback:
    groups:
      source: corp
      container: "{CONTAINER}"
      bind: {{secretRef: {{name: writer}}}}
"""
)
"""For the command line, of which no secret is asked for: commands that know the stores alone."""


def written(**values: object) -> WrittenReport:
    """What there is in the directory."""
    known = {
        "container": CONTAINER,
        "server": "dc1.corp.example.com",
        "groups": 12,
        "members": 4_400,
        "unwritable": {"Guest": 7, "CloudOnly": 30},
        "refused": {"role-assignable": 2},
        "converged_seconds": 0.0,
    }
    return WrittenReport(**{**known, **values})  # type: ignore[arg-type]


def other(**values: object) -> RunReport:
    """A run of the other direction: three groups made, one delete held, members on their way."""
    report = RunReport(run=4, mode="Sync", sends=True, digest="cd" * 16, written=written())
    report.counts = {"Create": {"Group": 3}, "Update": {"Group": 1}}
    report.objects, report.links = Tally(5, 4, held=1), Tally(900, 500, held=400)
    report.holds = {"ApprovalRequired": 1, "Ramp": 400}
    sample = Sample("Delete", "Group", "CN=Old,OU=Groups", "group_1", "deletes of written-back groups wait")
    report.hold_samples = {"ApprovalRequired": [sample]}
    report.waiting = [{"hold": "ApprovalRequired", "class": "Deletes", "changes": 1, "digest": "ef" * 16}]
    report.drift = {"LinksAdded": 2}
    for name, value in values.items():
        setattr(report, name, value)
    return report
