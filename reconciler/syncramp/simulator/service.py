"""The wire in front of a tenant: the bytes of a request in, the bytes of an answer out. No sockets.

A request is checked as the service checks it, in this order: its form, the token, the client's build. What is refused
there is a fault, and nothing of the call reaches the tenant.
"""

from collections.abc import Callable
from dataclasses import dataclass

from syncramp.endpoint import contract
from syncramp.endpoint.contract import ContractError, Request, fault_response
from syncramp.endpoint.nbfx import NbfxError
from syncramp.endpoint.soap import PROTOCOL_VERSION, MessageId
from syncramp.simulator.issuer import Issuer
from syncramp.simulator.tenant import Fault, Tenant

OLD_BUILD_TEXT = "This version of the client is no longer supported. The service accepts {build} and later."
OLD_PROTOCOL_TEXT = "The protocol version {version} is not supported."
"""Both invented: what the service says to old clients is not public."""
CAPABILITIES = (
    "<ServiceCapability><MicrosoftOnline><Protocol><Application><LatestProductVersion>3.2</LatestProductVersion>"
    "<MinimumProductVersion>1.0</MinimumProductVersion></Application></Protocol></MicrosoftOnline></ServiceCapability>"
)
"""What public clients were answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: bytes
    operation: str = ""
    """What was processed; empty when the request was refused before."""


class Service:
    """The provisioning service of one tenant.

    :param minimum_build: the oldest build of a client that is accepted, as ``a.b.c.d``; empty: any.
    """

    def __init__(self, tenant: Tenant, issuer: Issuer, minimum_build: str = "") -> None:
        self.tenant = tenant
        self._issuer = issuer
        self._minimum = minimum_build
        self._operations: dict[str, Callable[[Request], bytes]] = {
            contract.GET_COMPANY: self._company,
            contract.CAPABILITIES: self._capabilities,
            contract.SET_FEATURES: self._set_features,
            contract.READ_BACK: self._read_back,
            contract.PROVISION: self._provision,
            contract.FINALIZE: self._finalize,
        }

    def answer(self, data: bytes, onward: str = "") -> Answer:
        """The answer to the body of a POST; faults go with status 500, as SOAP 1.2 has it.

        :param onward: the address of the host that serves the tenant, if it is another one.
        """
        try:
            request = contract.parse_request(data)
        except (NbfxError, ContractError) as error:
            return _fault(f"The message could not be read: {error}", sender=True)
        try:
            self._admit(request)
            if onward:
                return Answer(500, contract.redirect_response(onward, request.message_id))
            return Answer(200, self._operation(request)(request), request.operation)
        except Fault as fault:
            return _fault(fault.text, fault.code, relates_to=request.message_id)
        except ContractError as error:
            text = f"The formatter threw an exception while trying to deserialize the message: {error}"
            return _fault(text, sender=True, relates_to=request.message_id)

    def _admit(self, request: Request) -> None:
        claims = self._issuer.verify(request.token["BearerToken"])
        if isinstance(claims, str):
            raise Fault("", claims)
        if request.token["ProtocolVersion"] != PROTOCOL_VERSION:
            raise Fault("", OLD_PROTOCOL_TEXT.format(version=request.token["ProtocolVersion"]))
        if self._minimum and _numbers(request.token["DirSyncBuildNumber"]) < _numbers(self._minimum):
            raise Fault("", OLD_BUILD_TEXT.format(build=self._minimum))

    def _operation(self, request: Request) -> Callable[[Request], bytes]:
        if request.operation not in self._operations:
            raise ContractError(f"the operation {request.operation} is not known")
        return self._operations[request.operation]

    def _company(self, request: Request) -> bytes:
        return contract.company_response(self.tenant.company(), request.message_id)

    def _capabilities(self, request: Request) -> bytes:
        return contract.capabilities_response(CAPABILITIES, request.message_id)

    def _set_features(self, request: Request) -> bytes:
        self.tenant.set_features(contract.parse_features(request.body))
        return contract.features_response(request.message_id)

    def _read_back(self, request: Request) -> bytes:
        page = self.tenant.read_back(contract.parse_read_back(request.body))
        names = self.tenant.settings.cookie_member, self.tenant.settings.more_member
        return contract.read_back_response(page.objects, page.cookie, page.more, request.message_id, names)

    def _provision(self, request: Request) -> bytes:
        results = self.tenant.provision(contract.parse_sync_objects(request.body))
        return contract.provision_response(results, request.message_id)

    def _finalize(self, request: Request) -> bytes:
        self.tenant.finalize(*contract.parse_finalize(request.body))
        self.tenant.note_client(request.token["ApplicationId"], request.token["DirSyncBuildNumber"])
        return contract.finalize_response(request.message_id)


def _fault(text: str, code: str = "", *, sender: bool = False, relates_to: MessageId | None = None) -> Answer:
    return Answer(500, fault_response(text, code, sender=sender, relates_to=relates_to))


def _numbers(build: str) -> tuple[int, ...]:
    """A build as numbers; what is none counts as the oldest there is."""
    parts = build.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()
