"""Tests leave the home of whoever runs them alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.provenance.exports import known_ledgers, remember_ledger
from understudy.provenance.identity import home_folder


def test_keys_and_known_ledgers_of_the_tests_lie_in_a_folder_of_their_own(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "exports.jsonl").touch()
    remember_ledger(tmp_path / "exports.jsonl")
    assert tmp_path / "exports.jsonl" in known_ledgers()
    assert home_folder().is_relative_to(tmp_path_factory.getbasetemp())
