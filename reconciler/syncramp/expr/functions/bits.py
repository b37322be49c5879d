"""Functions of bits: for userAccountControl, groupType and the like. CEL writes hexadecimal numbers as 0x200."""

from syncramp.expr.functions.table import Family, offered


@offered(
    Family.BITS,
    ("bitTest(514, 0x2)", "true"),
    ("bitTest(512, 0x2)", "false"),
    ("bitTest(-2147483646, 0x80000000)", "true"),
)
def bit_test(value: int, mask: int) -> bool:
    """Whether all bits of a mask are set in a number."""
    return value & mask == mask


@offered(Family.BITS, ("bitAnd(514, 0x2)", "2"))
def bit_and(value: int, mask: int) -> int:
    """The bits that are set in both."""
    return value & mask


@offered(Family.BITS, ("bitOr(512, 0x2)", "514"))
def bit_or(value: int, mask: int) -> int:
    """The bits that are set in one or both."""
    return value | mask


@offered(Family.BITS, ("bitXor(514, 0x2)", "512"))
def bit_xor(value: int, mask: int) -> int:
    """The bits that are set in one of them."""
    return value ^ mask


@offered(Family.BITS, ("bitNot(0)", "-1"))
def bit_not(value: int) -> int:
    """The bits of a number of 64 that are not set."""
    return ~value


@offered(Family.BITS, ("bitShiftLeft(1, 4)", "16"))
def bit_shift_left(value: int, places: int) -> int:
    """The bits moved to the left, up to 63 places; those that leave a number of 64 bits are lost."""
    moved = value << _places(places) & 0xFFFF_FFFF_FFFF_FFFF
    return moved - 2**64 if moved >= 2**63 else moved


@offered(Family.BITS, ("bitShiftRight(16, 4)", "1"))
def bit_shift_right(value: int, places: int) -> int:
    """The bits moved to the right, up to 63 places; the sign stays."""
    return value >> _places(places)


def _places(places: int) -> int:
    if not 0 <= places <= 63:
        raise ValueError(f"{places} places")
    return places
