"""Who asks the API double, and what they may: Roles and ClusterRoles as they are stored, and as they are bound.

Discovery and a review of one's own rights are everybody's, as a cluster grants them to whoever has signed in.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from support.kube_api_errors import Refused
from support.kube_api_resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    OWN_ACCESS,
    ROLE_BINDINGS,
    ROLES,
    SERVICE_ACCOUNTS,
)
from support.kube_api_store import Key, Store

Object = dict[str, Any]

ADMIN = "admin"
ADMIN_TOKEN = "token-of-the-admin"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str
    """With its subresource, as a Role names it."""
    namespace: str = ""
    name: str = ""


class Rights:
    """Tokens and rules."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tokens = {ADMIN_TOKEN: (ADMIN, "")}
        self.taken: list[tuple[str, str]] = []
        """Verb and resource that nobody but the admin may use, whatever a Role says."""

    def user(self, token: str) -> str:
        """Whose token it is; 401 if it is nobody's, or of an account that is gone."""
        user, uid = self._tokens.get(token, ("", ""))
        if not user or (
            uid and uid not in {one["metadata"]["uid"] for _, one in self._store.listed(SERVICE_ACCOUNTS)}
        ):
            raise Refused(401, "Unauthorized", "Unauthorized")
        return user

    def token_of(self, key: Key, account: Object) -> str:
        """A new token of a service account."""
        token = secrets.token_urlsafe()
        self._tokens[token] = (f"system:serviceaccount:{key.namespace}:{key.name}", account["metadata"]["uid"])
        return token

    def allowed(self, user: str, wanted: Attributes) -> bool:
        """Whether a user may."""
        if user == ADMIN:
            return True
        if (wanted.verb, wanted.resource) in self.taken:
            return False
        own = (OWN_ACCESS.group, OWN_ACCESS.plural)
        return (wanted.group, wanted.resource) == own or any(
            _covers(rule, wanted) for rule in self._rules(user, wanted.namespace)
        )

    def _rules(self, user: str, namespace: str) -> Iterator[Object]:
        bindings = [("", one) for _, one in self._store.listed(CLUSTER_ROLE_BINDINGS)]
        if namespace:
            bindings += [(namespace, one) for _, one in self._store.listed(ROLE_BINDINGS, namespace)]
        for place, binding in bindings:
            if any(_is(user, subject) for subject in binding.get("subjects") or ()):
                cluster = binding["roleRef"]["kind"] == "ClusterRole"
                key = Key(CLUSTER_ROLES if cluster else ROLES, "" if cluster else place, binding["roleRef"]["name"])
                yield from self._store.held.get(key, {}).get("rules") or ()


def refusal(user: str, wanted: Attributes) -> Refused:
    """403, in the server's words."""
    plural = wanted.resource.partition("/")[0]
    full = f"{plural}.{wanted.group}" if wanted.group else plural
    name = f' "{wanted.name}"' if wanted.name else ""
    place = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    told = f'User "{user}" cannot {wanted.verb} resource "{wanted.resource}" in API group "{wanted.group}" {place}'
    details = {"name": wanted.name, "group": wanted.group, "kind": plural}
    return Refused(
        403, "Forbidden", f"{full}{name} is forbidden: {told}", {key: one for key, one in details.items() if one}
    )


def _is(user: str, subject: Object) -> bool:
    if subject["kind"] == "ServiceAccount":
        return user == f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
    if subject["kind"] == "User":
        return bool(user == subject["name"])
    groups = ["system:authenticated"]
    if user.startswith("system:serviceaccount:"):
        groups += ["system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[2]}"]
    return subject["name"] in groups


def _covers(rule: Object, wanted: Attributes) -> bool:
    names = rule.get("resourceNames")
    subresource = wanted.resource.partition("/")[2]
    resources = [wanted.resource, "*", *([f"*/{subresource}"] if subresource else [])]
    return (
        _among(rule.get("apiGroups"), [wanted.group, "*"])
        and _among(rule.get("resources"), resources)
        and _among(rule.get("verbs"), [wanted.verb, "*"])
        and (not names or wanted.name in names)
    )


def _among(found: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    return any(one in wanted for one in found or ())
