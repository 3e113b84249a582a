"""What the option `workers` takes, and what it means."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.facesets.extraction.options import ExtractOptions
from understudy.options import parse_options
from understudy.workers.options import WorkerOptions, Workers, parse_workers


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("auto", Workers()),
        ("local", Workers()),
        (0, Workers()),
        (3, Workers(count=3)),
        ("12", Workers(count=12)),
        ("ray", Workers(cluster="ray")),
        ("ray://head:10001", Workers(cluster="ray://head:10001")),
    ],
)
def test_numbers_and_clusters_are_told_apart(said: object, meant: Workers) -> None:
    assert parse_workers(parse_options(WorkerOptions, {"workers": said}).workers) == meant


@pytest.mark.parametrize("said", ["", "many", "-1", "65", "ray:head", True, 2.5])
def test_anything_else_is_refused_in_a_sentence(said: object) -> None:
    with pytest.raises(OptionInvalid, match="workers"):
        parse_options(WorkerOptions, {"workers": said})


def test_extracting_declares_it_no_second_time() -> None:
    assert "workers" not in ExtractOptions.__annotations__
