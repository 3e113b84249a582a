"""How good the face network is said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.dense_face.drawn import drawn_shards
from understudy.networks.dense_face import DenseFaceNet, DenseFaceOutput
from understudy.training.dense_face import report
from understudy.training.dense_face.report import (
    area_under_curve,
    distances_to_line,
    eyes_share,
    measured,
    write_report,
)
from understudy.training.dense_face.stock import Stock, read_stock


class Knowing(nn.Module):
    """Says the truth, but for a shift of all points."""

    def __init__(self, shift: float) -> None:
        super().__init__()
        self.shift = shift
        self.told: report.Lesson | None = None

    def forward(self, crops_BCHW: torch.Tensor) -> DenseFaceOutput:
        told = self.told
        assert told is not None and len(told.score_B) == len(crops_BCHW)
        points = told.points_BK2 + torch.tensor([0.0, self.shift])
        return DenseFaceOutput(points, points[..., 0], (told.mask_B1HW - 0.5) * 9, told.score_B)


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return read_stock([drawn_shards(tmp_path / "test", samples=6)])


def told(network: Knowing, monkeypatch: pytest.MonkeyPatch) -> DenseFaceNet:
    """Let the network see the truth of each lesson just before its crops."""
    unmoved = report._channels_last

    def listening(shown: report.Lesson) -> torch.Tensor:
        network.told = shown
        return unmoved(shown)

    monkeypatch.setattr(report, "_channels_last", listening)
    monkeypatch.setattr(report, "_AT_ONCE", 8)
    return network  # pyright: ignore[reportReturnType]


def test_a_network_that_knows_the_truth_has_no_error(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measured(told(Knowing(0.0), monkeypatch), stock)
    assert figures["error_percent"] < 0.01 and figures["worn_error_percent"] < 0.01
    assert figures["mask_iou"] > 0.999 and figures["score_auc"] == 1
    assert figures["error_percent_by_yaw"]["0-15"]["samples"] == 6
    assert figures["error_percent_by_yaw"]["15-30"]["error_percent"] is None


def test_a_shift_counts_in_shares_of_the_outer_eyes(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measured(told(Knowing(0.02), monkeypatch), stock)
    assert figures["inner_error_percent"] == pytest.approx(100 * 0.02 / eyes_share(stock), rel=1e-3)
    assert figures["jaw_error_percent"] < figures["inner_error_percent"]


def test_the_jaw_is_measured_by_its_distance_to_the_line() -> None:
    line = torch.tensor([[[0.0, 0], [1, 0], [1, 1]]])
    away = distances_to_line(torch.tensor([[[0.5, 0.2], [1.3, 0.5], [-3.0, 4.0]]]), line)
    torch.testing.assert_close(away, torch.tensor([[0.2, 0.3, 5.0]]))


def test_the_area_under_the_curve_counts_pairs() -> None:
    truths = torch.tensor([1.0, 1, 0, 0])
    assert area_under_curve(torch.tensor([3.0, 2, 1, 0]), truths) == 1
    assert area_under_curve(torch.tensor([3.0, 0, 1, 0]), truths) == pytest.approx(0.625)
    assert area_under_curve(torch.ones(4), truths) == 0.5
    assert area_under_curve(torch.ones(2), torch.ones(2)) == 0.5


def test_the_report_says_figures_for_programs_and_people(
    stock: Stock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = measured(told(Knowing(0.0), monkeypatch), stock)
    write_report(tmp_path, figures, {"iterations": 3})
    assert json.loads((tmp_path / "report.json").read_text())["figures"]["samples"] == 6
    page = (tmp_path / "report.md").read_text()
    assert "| iterations | 3 |" in page and "| 0-15 | 6 |" in page and "| 15-30 | 0 | none |" in page
