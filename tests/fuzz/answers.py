"""Answers to searches and changes, changed at random, for the decoder: read as ldap3 reads them, or refused."""

from dataclasses import dataclass
from random import Random

from fuzz.fuzzer import Failure
from fuzz.mutations import mutated
from support.ldap_stream import RESULTS, agree, control, done, entry, intermediate, message, notice, reference

_NAMES = (b"cn", b"member", b"member;range=0-1499", b"userCertificate;binary", b"1.2.840.113556.1.4.221", b"")
_LENGTHS = (0, 1, 2, 9, 60, 126, 127, 128, 129, 130, 255, 256, 300)


def stream(choices: Random) -> bytes:
    """Some messages that a server may answer, with lengths of all forms."""
    made = (_entry, _entry, _entry, _done, _reference, _intermediate, _notice)
    return b"".join(choices.choice(made)(choices) for _ in range(choices.randint(1, 4)))


@dataclass
class Answers:
    """A run; the same seed makes the same messages."""

    seed: int

    def __post_init__(self) -> None:
        self._choices = Random(self.seed)
        self.tried = self.taken = 0

    def step(self) -> None:
        """One stream as it should be, and one that is broken.

        :raises Failure: one is neither read as ldap3 reads it nor refused, or not alike in all pieces.
        """
        whole = stream(self._choices)
        messages, refusal = self._try(whole)
        if refusal:
            raise Failure(whole, refusal)
        broken, _ = self._try(mutated(whole, [whole, stream(self._choices)], self._choices))
        self.taken += len(messages) + len(broken)

    def _try(self, data: bytes) -> tuple[list[object], str]:
        self.tried += 1
        cuts = [self._choices.randrange(len(data) + 1) for _ in range(3)]
        try:
            return agree(data, cuts)
        except Exception as error:
            raise Failure(data, f"{type(error).__name__}: {error}") from error


def _bytes(choices: Random) -> bytes:
    return choices.randbytes(choices.choice(_LENGTHS))


def _entry(choices: Random) -> bytes:
    names = [*choices.sample(_NAMES, choices.randint(0, 4)), *choices.choices(_NAMES, k=choices.choice((0, 0, 1)))]
    attributes = [(name, [_bytes(choices) for _ in range(choices.choice((0, 1, 1, 1, 2, 5)))]) for name in names]
    return _message(choices, entry(_bytes(choices), attributes, choices.choice((None, "Active Directory", choices))))


def _done(choices: Random) -> bytes:
    urls = [b"ldap://host/dc=test"] * choices.choice((0, 0, 1, 2))
    text, tag = choices.choice((b"", b"text", b"\xff")), choices.choice(RESULTS)
    return _message(choices, done(choices.randrange(128), text, urls, choices, tag))


def _reference(choices: Random) -> bytes:
    return _message(choices, reference([b"ldap://host/dc=test"] * choices.randint(1, 3), choices))


def _intermediate(choices: Random) -> bytes:
    return _message(choices, intermediate(b"1.3.6.1.4.1.4203.1.9.1.4", _bytes(choices), choices))


def _notice(choices: Random) -> bytes:
    return message(0, notice(b"1.3.6.1.4.1.1466.20036", 52, b"shutting down"))


def _message(choices: Random, operation: bytes) -> bytes:
    critical = choices.choice((None, True, False))
    value = choices.choice((None, _bytes(choices)))
    controls = [control(b"1.2.840.113556.1.4.319", value, critical, choices)] * choices.choice((0, 0, 1, 2))
    return message(choices.choice((1, 2, 127, 128, 65_536, 2_147_483_647)), operation, controls, choices)
