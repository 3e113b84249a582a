"""What a change asked of a running training is taken back to, and for how long."""

from __future__ import annotations

from tests.training.conftest import tiny_options
from understudy.training.untried import Untried


def test_a_change_is_new_for_three_iterations() -> None:
    untried = Untried.after(None, tiny_options(batch_size=4), ["batch_size"], iteration=7)
    assert untried.values == {"batch_size": 4}
    assert [untried.is_new_at(iteration) for iteration in (7, 9, 10)] == [True, True, False]


def test_changes_that_follow_one_another_are_taken_back_together_until_the_first_has_proved_to_fit() -> None:
    first = Untried.after(None, tiny_options(batch_size=4), ["batch_size"], iteration=7)
    now = tiny_options(batch_size=8, learning_rate=0.002)
    soon = Untried.after(first, now, ["batch_size", "learning_rate"], iteration=8)
    assert soon.values == {"batch_size": 4, "learning_rate": 0.002} and soon.iteration == 8
    late = Untried.after(first, now, ["batch_size"], iteration=10)
    assert late.values == {"batch_size": 8}
