"""Members who cannot be written are told with their reasons, and never as an error."""

from syncramp.model.cloud import Unwritable
from syncramp.writeback.unwritable import WORDS, counted, told


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Unwritable)


def test_members_are_counted_by_their_reason_and_reasons_nobody_has_are_left_out() -> None:
    found = counted([Unwritable.DEVICE, Unwritable.GUEST, Unwritable.GUEST])
    assert list(found.items()) == [("Guest", 2), ("Device", 1)]
    assert counted([]) == {}


def test_they_are_told_in_one_sentence() -> None:
    assert told({"Guest": 2, "Device": 1_000}) == "1,002 members cannot be written: 2 a guest, 1,000 a device"
    assert told({"CloudOnly": 1}) == "1 member cannot be written: 1 in the cloud only"
    assert told({}) == ""
