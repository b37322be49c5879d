"""What is wrong with a message, and where."""

LONGEST = 200
"""Characters of an expectation: it may name something of the message, which may be of any length."""


class WireError(ValueError):
    """A message that is not what it should be: its bytes (NbfxError) or what they say (ContractError).

    Whatever bytes a peer sends, the codec gives a value or raises this.
    """


class NbfxError(WireError):
    """A message is not legal binary XML.

    :param offset: of the byte that is not what it should be.
    :param expected: what should stand there.
    """

    def __init__(self, offset: int, expected: str) -> None:
        self.offset = offset
        self.expected = expected[:LONGEST]
        super().__init__(f"at byte {offset}: expected {self.expected}")
