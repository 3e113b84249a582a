"""The course of the losses: every line once, bounded memory, the newest part alone where asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from understudy.training.keeping.metrics import METRICS_NAME, MetricsLog
from understudy.training.viewing import loss_plot as module
from understudy.training.viewing.loss_plot import LossCourse, course_of, loss_plot, write_loss_plot


def written(model_dir: Path, iterations: range, *, src: float = 2.0, dst: float = 1.0) -> Path:
    path = model_dir / METRICS_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for i in iterations:
            line = {"iteration": i, "loss_src": src + (i % 2) / 10, "loss_dst": dst}
            file.write(json.dumps(line) + "\n")
    return path


def test_a_stretch_knows_its_lowest_highest_and_mean_loss(tmp_path: Path) -> None:
    course = LossCourse(written(tmp_path, range(100, 200))).follow()
    assert course.newest == 199 and course.width == 1
    course._widen()
    stretch = course.stretches[60]
    assert (stretch.low, stretch.high) == ([2.0, 1.0], [2.1, 1.0])
    assert stretch.count == 2 and stretch.mean(0) == pytest.approx(2.05)


def test_however_long_a_training_is_few_stretches_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_STRETCHES", 50)
    course = LossCourse(written(tmp_path, range(0, 20000, 20))).follow()
    assert len(course.stretches) <= 50
    assert sum(s.count for s in course.stretches.values()) == 1000


def test_of_a_long_training_each_line_is_looked_at_once_where_the_newest_are_in_view(tmp_path: Path) -> None:
    """Every line looked at every stretch in view: minutes, in which the training stood still."""

    class Counted(dict[int, module.Stretch]):
        looked_at = 0

        def __iter__(self):
            for number in super().__iter__():
                Counted.looked_at += 1
                yield number

    course = LossCourse(written(tmp_path, range(1, 3001)), last=1000)
    course.stretches = Counted()
    course.follow()
    assert isinstance(course.stretches, Counted) and sorted(course.stretches) == list(range(2000, 3001))
    assert 0 < Counted.looked_at < 3 * 3000


def test_only_what_was_added_is_read_and_a_file_that_was_cut_is_followed(tmp_path: Path) -> None:
    course = LossCourse(written(tmp_path, range(50))).follow()
    written(tmp_path, range(50, 60), src=9.0)
    assert course.follow().newest == 59 and sum(s.count for s in course.stretches.values()) == 60
    with MetricsLog(tmp_path / METRICS_NAME, iteration=20):
        pass
    written(tmp_path, range(21, 25))
    assert course.follow().newest == 24 and max(course.stretches) == 24
    assert max(s.high[0] for s in course.stretches.values()) < 3


def test_what_training_took_back_is_forgotten_also_where_it_has_come_further_since(tmp_path: Path) -> None:
    course = LossCourse(written(tmp_path, range(50))).follow()
    written(tmp_path, range(50, 60), src=90.0)
    course.follow()
    with MetricsLog(tmp_path / METRICS_NAME, iteration=49):
        pass
    written(tmp_path, range(50, 80))
    assert course.follow().newest == 79 and sum(s.count for s in course.stretches.values()) == 80
    assert max(s.high[0] for s in course.stretches.values()) < 3


def test_a_torn_last_line_waits_for_its_end(tmp_path: Path) -> None:
    path = written(tmp_path, range(5))
    with path.open("a") as file:
        file.write('{"iteration": 5, "loss_src": 1.0')
    course = LossCourse(path).follow()
    assert course.newest == 4
    with path.open("a") as file:
        file.write(', "loss_dst": 1.0}\n')
    assert course.follow().newest == 5


def test_the_newest_iterations_alone_are_shown_where_asked(tmp_path: Path) -> None:
    written(tmp_path, range(1000))
    assert min(course_of(tmp_path, last=100).follow().stretches) == 899
    assert min(course_of(tmp_path).follow().stretches) == 0


def colored(picture: np.ndarray, side: str) -> np.ndarray:
    """Rows of the pixels in a side's colour, below the words at the top."""
    same = (picture == np.array(module._COLORS[side])).all(-1)
    return np.nonzero(same[module._TOP_PX :])[0]


def test_a_higher_loss_is_drawn_higher_on_either_scale(tmp_path: Path) -> None:
    course = LossCourse(written(tmp_path, range(300), src=4.0, dst=1.0)).follow()
    for scale in ("log", "linear"):
        picture = loss_plot(course, scale=scale)
        assert picture.shape == (320, 960, 3)
        assert colored(picture, "src").mean() < colored(picture, "dst").mean() - 20
    log, linear = (loss_plot(course, scale=scale) for scale in ("log", "linear"))
    assert colored(log, "dst").mean() > colored(linear, "dst").mean() + 20  # a linear scale starts at 0


def test_a_model_gets_its_picture_also_before_any_loss(tmp_path: Path) -> None:
    path = write_loss_plot(tmp_path, course_of(tmp_path))
    assert path.name == "loss.png" and path.stat().st_size > 500


def test_a_line_marks_an_iteration_where_it_lies(tmp_path: Path) -> None:
    course = LossCourse(written(tmp_path, range(0, 1001))).follow()
    plain, marked = loss_plot(course), loss_plot(course, at=500)
    columns = np.nonzero((plain != marked).any((0, 2)))[0]
    assert columns.tolist() == [module._LEFT_PX + round(0.5 * (960 - module._LEFT_PX - module._RIGHT_PX - 1))]
