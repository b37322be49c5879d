"""The wire in front of a tenant: the bytes of a request in, an answer out. No sockets.

A request is checked as the service checks it, in this order: its form and its operation, the token, the client's
build. What is refused there is a fault, and nothing of the call reaches the tenant. Then the fault script has its
say, before or in place of the tenant. Every call is written into the tenant's journal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from syncramp.endpoint import contract
from syncramp.endpoint.contract import ContractError, Request, SyncResult, fault_response
from syncramp.endpoint.nbfx import NbfxError
from syncramp.endpoint.nbfx.writer import Values
from syncramp.endpoint.soap import PROTOCOL_VERSION, MessageId
from syncramp.model.wire import SyncObject
from syncramp.simulator.behaviour import PROMPT, Behaviour, Form, build_numbers
from syncramp.simulator.faults import ALWAYS_PROCESSED, Answer, Rule, Script, spoiled
from syncramp.simulator.issuer import Issuer
from syncramp.simulator.journal import UNREADABLE, Entry
from syncramp.simulator.latency import Clock
from syncramp.simulator.memberships import links_of
from syncramp.simulator.refusals import Fault
from syncramp.simulator.tenant import Tenant

OLD_BUILD_TEXT = "This version of the client is no longer supported. The service accepts {build} and later."
OLD_PROTOCOL_TEXT = "The protocol version {version} is not supported."
"""Both invented: what the service says to old clients is not public."""
UNKNOWN_TEXT = (
    "The message with Action '{operation}' cannot be processed at the receiver, due to a ContractFilter mismatch at "
    "the EndpointDispatcher."
)
"""The beginning of what WCF says to an action that no operation has."""
PROTOCOLS = (PROTOCOL_VERSION, PROTOCOL_VERSION.removesuffix(".0"))
"""The second one is what is left of the first one in a record for numbers."""
CAPABILITIES = (
    "<ServiceCapability><MicrosoftOnline><Protocol><Application><LatestProductVersion>3.2</LatestProductVersion>"
    "<MinimumProductVersion>1.0</MinimumProductVersion></Application></Protocol></MicrosoftOnline></ServiceCapability>"
)
"""What public clients were answered."""
_VALUES: Mapping[Form, Values] = {Form.TYPED: "typed", Form.TEXT: "text", Form.RECORDS: "records"}
V1 = frozenset({contract.READ_BACK_V1, contract.PROVISION_V1})


@dataclass(frozen=True, slots=True)
class Reply:
    """What the tenant has to say to a call."""

    body: bytes
    objects: int = 0
    links: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Done:
    """A call with its answer, for the journal too."""

    answer: Answer
    result: str = "ok"
    reply: Reply = Reply(b"")
    injected: str = ""
    seconds: float = 0.0
    """Of the latency model and the fault script, slept or skipped."""


class Service:
    """The provisioning service of one tenant.

    :param script: which calls go wrong.
    """

    def __init__(
        self,
        tenant: Tenant,
        issuer: Issuer,
        clock: Clock,
        behaviour: Behaviour = PROMPT,
        script: Script | None = None,
    ) -> None:
        self.tenant = tenant
        self.script = script or Script()
        self._issuer = issuer
        self._clock = clock
        self._started = clock()
        self._behaviour = behaviour
        self._values: Values = _VALUES[behaviour.values]
        self._operations: dict[str, Callable[[Request], Reply]] = {
            contract.GET_COMPANY: self._company,
            contract.CAPABILITIES: self._capabilities,
            contract.SET_FEATURES: self._set_features,
            contract.READ_BACK: self._read_back,
            contract.READ_BACK_V1: self._read_back,
            contract.PROVISION: self._provision,
            contract.PROVISION_V1: self._provision,
            contract.FINALIZE: self._finalize,
        }

    def answer(self, data: bytes, onward: str = "", missing_headers: tuple[str, ...] = ()) -> Answer:
        """The answer to the body of a POST; faults go with status 500, as SOAP 1.2 has it.

        :param onward: the address of the host that serves the tenant, if it is another one.
        :param missing_headers: HTTP headers of published clients that are not there; nothing is refused for it.
        """
        began, now = perf_counter(), self._clock()
        try:
            request = contract.parse_request(data)
        except (NbfxError, ContractError) as error:
            answer = _fault(f"The message could not be read: {error}", sender=True)
            self.tenant.journal.note(Entry(now, result=UNREADABLE, seconds=perf_counter() - began), missing_headers)
            return answer
        done = self._done(request, onward)
        entry = Entry(
            now,
            request.operation,
            request.token["TrackingId"],
            request.token["ApplicationId"],
            request.token["DirSyncBuildNumber"],
            done.reply.objects,
            done.reply.links,
            done.reply.refused,
            done.result,
            done.injected,
            perf_counter() - began + done.seconds,
        )
        self.tenant.journal.note(entry, missing_headers)
        return done.answer

    def _done(self, request: Request, onward: str) -> _Done:
        """A call, and what the script makes of it; hosts that only send a client on have no script."""
        rule = None if onward else self.script.next(request.operation, self._clock() - self._started)
        if rule is None:
            return self._processed(request, onward)
        if rule.processed or rule.kind in ALWAYS_PROCESSED:
            done = self._processed(request, onward)
            return self._spoiled(rule, done, spoiled(rule, done.answer, request))
        return self._spoiled(rule, _Done(Answer(200, b""), ""), spoiled(rule, None, request))

    def _spoiled(self, rule: Rule, done: _Done, answer: Answer) -> _Done:
        late = rule.seconds + done.seconds * (rule.factor - 1)
        slept = answer.seconds + self._clock.spend(late)
        seconds = done.seconds + late
        return replace(done, answer=replace(answer, seconds=slept), injected=rule.kind.value, seconds=seconds)

    def _processed(self, request: Request, onward: str) -> _Done:
        if request.operation not in self._operations:
            text = UNKNOWN_TEXT.format(operation=request.operation)
            body = fault_response(
                text, sender=True, subcode=contract.ACTION_NOT_SUPPORTED, relates_to=request.message_id
            )
            return _Done(Answer(500, body), "not supported")
        try:
            self._admit(request)
            if onward:
                return _Done(Answer(500, _onward(request, onward)), "redirect")
            reply = self._operations[request.operation](request)
        except Fault as fault:
            answer = _fault(fault.text, fault.code, operation=request.operation, relates_to=request.message_id)
            return _Done(answer, f"fault {fault.code}".strip())
        except ContractError as error:
            text = f"The formatter threw an exception while trying to deserialize the message: {error}"
            return _Done(_fault(text, sender=True, relates_to=request.message_id), "malformed")
        latency = self._behaviour.latency_v1 if request.operation in V1 else self._behaviour.latency
        seconds = latency.seconds(reply.objects, reply.links)
        answer = Answer(200, reply.body, request.operation, seconds=self._clock.spend(seconds))
        return _Done(answer, reply=reply, seconds=seconds)

    def _admit(self, request: Request) -> None:
        claims = self._issuer.verify(request.token["BearerToken"])
        if isinstance(claims, str):
            raise Fault("", claims)
        if request.token["ProtocolVersion"] not in PROTOCOLS:
            raise Fault("", OLD_PROTOCOL_TEXT.format(version=request.token["ProtocolVersion"]))
        minimum = self._behaviour.minimum_build
        if minimum and build_numbers(request.token["DirSyncBuildNumber"]) < build_numbers(minimum):
            raise Fault("", OLD_BUILD_TEXT.format(build=minimum))

    def _company(self, request: Request) -> Reply:
        return Reply(contract.company_response(self.tenant.company(), request.message_id, self._values))

    def _capabilities(self, request: Request) -> Reply:
        return Reply(contract.capabilities_response(CAPABILITIES, request.message_id, self._values))

    def _set_features(self, request: Request) -> Reply:
        self.tenant.set_features(contract.parse_features(request.body))
        return Reply(contract.features_response(request.message_id))

    def _read_back(self, request: Request) -> Reply:
        page = self.tenant.read_back(contract.parse_read_back_request(request.body).cookie, _version(request))
        names = self.tenant.settings.cookie_member, self.tenant.settings.more_member
        body = contract.read_back_response(
            page.objects, page.cookie, page.more, request.message_id, names, request.operation, self._values
        )
        return Reply(body, len(page.objects), _links(page.objects))

    def _provision(self, request: Request) -> Reply:
        objects = contract.parse_sync_objects(request.body)
        results = self.tenant.provision(objects, _version(request))
        body = contract.provision_response(results, request.message_id, request.operation, self._values)
        return Reply(body, len(objects), _links(objects), _refused(results))

    def _finalize(self, request: Request) -> Reply:
        self.tenant.finalize(*contract.parse_finalize(request.body))
        self.tenant.note_client(request.token["ApplicationId"], request.token["DirSyncBuildNumber"])
        return Reply(contract.finalize_response(request.message_id))


def _version(request: Request) -> int:
    return 1 if request.operation in V1 else 2


def _links(objects: Sequence[SyncObject]) -> int:
    return sum(map(links_of, objects))


def _refused(results: Sequence[SyncResult]) -> int:
    return sum(result.result_code != "Success" for result in results)


def _onward(request: Request, url: str) -> bytes:
    return contract.redirect_response(url, request.message_id, operation=request.operation)


def _fault(
    text: str, code: str = "", *, operation: str = "", sender: bool = False, relates_to: MessageId | None = None
) -> Answer:
    return Answer(500, fault_response(text, code, operation=operation, sender=sender, relates_to=relates_to))
