"""Terms add up by side and by name, and their means are over all iterations since the last look."""

from __future__ import annotations

import json
import math

import torch

from understudy.training.losses.terms import Tally, Terms


def terms(**src: float) -> Terms:
    return Terms({name: torch.tensor(value) for name, value in src.items()}, {"color": torch.tensor(4.0)})


def test_totals_are_the_sums_of_each_sides_terms() -> None:
    assert terms(color=1.0, eyes=2.0).totals().tolist() == [3.0, 4.0]


def test_detached_terms_have_no_history() -> None:
    leaf = torch.ones((), requires_grad=True)
    whole = Terms({"color": leaf * 2}, {"color": leaf * 3})
    assert whole.totals().requires_grad and not whole.detached().totals().requires_grad


def test_means_are_by_name_over_all_iterations_and_start_over() -> None:
    tally = Tally()
    tally.add(terms(color=1.0, eyes=2.0))
    tally.add(terms(color=3.0))
    means = tally.means()
    assert means.terms == {"src_color": 2.0, "src_eyes": 1.0, "dst_color": 4.0}
    assert (means.src, means.dst, means.total) == (3.0, 4.0, 7.0)
    assert tally.count == 0 and tally.means().total == 0


def test_a_term_that_is_no_number_shows_in_the_total() -> None:
    tally = Tally()
    tally.add(terms(color=float("nan"), eyes=1.0))
    assert math.isnan(tally.means().total)


def test_a_tally_that_went_through_a_checkpoint_gives_the_same_means() -> None:
    tally = Tally()
    for value in (0.1, 0.7):
        tally.add(Terms({"color": torch.tensor(value)}, {"true_face": torch.tensor(3 * value)}))
    again = Tally.from_json(json.loads(json.dumps(tally.as_json())), torch.device("cpu"))
    for one in (tally, again):
        one.add(Terms({"color": torch.tensor(0.3)}, {"true_face": torch.tensor(0.3)}))
    assert again.so_far() == tally.so_far() == again.means()
    assert Tally.from_json({}, torch.device("cpu")).means().total == 0
