"""`studio/door.py`."""

from __future__ import annotations

import pytest

from understudy.studio.door import Door, TooManyTries


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_token_lets_one_browser_in_and_is_dead_then() -> None:
    door = Door()
    token = door.new_token()
    cookie = door.enter(token, "here")
    assert cookie and door.knows(cookie) and not door.knows(token)
    assert door.enter(token, "here") is None


def test_a_new_token_ends_the_one_before_and_no_browser() -> None:
    door = Door()
    cookie = door.enter(door.new_token(), "here")
    old = door.new_token()
    new = door.new_token()
    assert cookie and door.knows(cookie)
    assert door.enter(old, "here") is None and door.enter(new, "here")


def test_before_there_is_a_token_nothing_is_right() -> None:
    assert Door().enter("", "here") is None


def test_after_ten_wrong_tokens_even_the_right_one_waits() -> None:
    clock = Clock()
    door = Door(clock)
    token = door.new_token()
    for _ in range(10):
        assert door.enter("guess", "there") is None
    with pytest.raises(TooManyTries) as refused:
        door.enter(token, "there")
    assert refused.value.wait_s == 60
    clock.now = 61
    assert door.enter(token, "there")


def test_who_guesses_keeps_out_himself_and_not_others() -> None:
    door = Door()
    token = door.new_token()
    for _ in range(10):
        door.enter("guess", "there")
    assert door.enter(token, "here")


def test_many_addresses_together_have_few_tries_too() -> None:
    door = Door()
    token = door.new_token()
    tried = 0
    with pytest.raises(TooManyTries):
        for tried in range(1000):
            door.enter("guess", f"10.0.{tried // 5}.1")
    assert tried == 100
    with pytest.raises(TooManyTries):
        door.enter(token, "another")


def test_neither_token_nor_cookie_is_kept_in_words() -> None:
    door = Door()
    token = door.new_token()
    assert token not in str(vars(door))
    cookie = door.enter(token, "here")
    assert cookie and cookie not in str(vars(door))


def test_the_oldest_browser_makes_room_for_the_sixty_fifth() -> None:
    door = Door()
    cookies = [door.enter(door.new_token(), "here") for _ in range(65)]
    assert not door.knows(cookies[0] or "") and all(door.knows(cookie or "") for cookie in cookies[1:])
