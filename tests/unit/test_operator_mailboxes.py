"""Letters reach who is there, and wait until they are looked at."""

import asyncio

from syncramp_operator.actors.mailboxes import Mailboxes, first_of


def test_a_letter_waits_until_it_is_opened() -> None:
    boxes = Mailboxes()
    box = boxes.open("u1", "identity", "contoso")
    boxes.wake("u1")
    assert box.is_set()
    box.clear()
    boxes.wake_at("identity", "contoso")
    assert box.is_set()


def test_a_letter_to_nobody_is_lost() -> None:
    boxes = Mailboxes()
    boxes.wake("u1")
    boxes.wake_at("identity", "contoso")
    assert len(boxes) == 0


def test_one_that_was_made_again_under_the_same_name_gets_the_letters_of_that_name() -> None:
    boxes = Mailboxes()
    old, new = boxes.open("u1", "identity", "contoso"), boxes.open("u2", "identity", "contoso")
    boxes.close("u1", "identity", "contoso")
    boxes.wake_at("identity", "contoso")
    assert new.is_set()
    assert not old.is_set()
    boxes.close("u2", "identity", "contoso")
    boxes.wake_at("identity", "contoso")
    assert len(boxes) == 0


def test_waiting_ends_with_the_first_and_leaves_no_task_behind() -> None:
    async def wait() -> int:
        first, never = asyncio.Event(), asyncio.Event()
        first.set()
        await first_of(never.wait(), first.wait())
        await first_of(never.wait(), timeout=0)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(wait()) == 1
