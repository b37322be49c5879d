"""The options of ``syncramp simulator`` make the tenant that they name."""

from dataclasses import fields

import typer

from syncramp.cli import app
from syncramp.cli.tenant_options import RENAMED, settings_of
from syncramp.simulator.settings import DAY, Prevention, Repeated, TenantSettings

WITHOUT = {
    "display_name",
    "initial_domain",
    "interval",
    "tracking_changes",
    "cookie_member",
    "more_member",
    "bad_cookie",
}
"""Fields that only Python sets."""
OTHERWISE = {"syncing": "not_activated"}


def _defaults() -> dict[str, object]:
    command = typer.main.get_command(app).commands["simulator"]  # type: ignore[attr-defined]
    return {param.name: param.default for param in command.params}


def test_the_defaults_of_the_options_are_those_of_a_tenant() -> None:
    given = _defaults() | {"verified_domains": None}
    assert settings_of(given) == TenantSettings()


def test_every_field_of_a_tenant_has_an_option_or_is_named_here() -> None:
    names = {field.name for field in fields(TenantSettings)} - WITHOUT
    assert {RENAMED.get(name) or OTHERWISE.get(name, name) for name in names} <= _defaults().keys()
    assert WITHOUT.isdisjoint(_defaults())


def test_options_change_what_they_name() -> None:
    changed = {
        "links_per_call": 7,
        "members": 8,
        "members_v1": 9,
        "bin_days": 1.0,
        "verified_domains": ["x.test", "y.test"],
        "not_activated": True,
        "repeated_changes": Repeated.REFUSE,
        "deletion_prevention": Prevention.DISABLED,
    }
    made = settings_of(_defaults() | changed)
    assert (made.most_links, made.most_members, made.most_members_v1) == (7, 8, 9)
    assert (made.bin_days * DAY, made.verified_domains, made.syncing) == (DAY, ("x.test", "y.test"), False)
    assert (made.repeated_changes, made.deletion_prevention) == (Repeated.REFUSE, Prevention.DISABLED)
