import cv2
import numpy as np
import pytest

from understudy.actors.identity import identity
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.facesets.sorting.sharpness import SHARPEST_PX, SIDE_PX, edge_width_px


def edges(rows: int = 64, *, sigma_px: float, low: float = 60, high: float = 160) -> np.ndarray:
    """Vertical bars 32 pixels apart, blurred by a gaussian."""
    row = np.where(np.arange(256) // 32 % 2, high, low).astype(np.float32)
    return cv2.GaussianBlur(np.tile(row, (rows, 1)), (0, 0), sigma_px)


def whole(picture: np.ndarray) -> float:
    return edge_width_px(picture, np.ones(picture.shape, bool), crop_px=SIDE_PX)


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray]:
    shot = render(identity(3), State(yaw_deg=8), size_px=SIDE_PX)
    return cv2.cvtColor(shot.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32), shot.mask > 0.5


@pytest.mark.parametrize("sigma_px", [0.01, 1.0, 2.0, 3.0])
def test_the_width_of_a_gaussian_edge_is_three_and_a_half_sigma(sigma_px):
    total = np.hypot(sigma_px, 0.7)  # with the blur that steadies
    assert whole(edges(sigma_px=sigma_px)) == pytest.approx(2 * np.sqrt(np.pi) * total, rel=0.12)


def test_a_step_is_as_sharp_as_can_be():
    assert whole(edges(sigma_px=0.01)) == pytest.approx(SHARPEST_PX, rel=0.12)


def test_edges_of_a_face_are_the_wider_the_more_it_is_blurred(face):
    grey, inside = face
    blurred = [cv2.GaussianBlur(grey, (0, 0), sigma_px) for sigma_px in (0.3, 0.7, 1.2, 2, 3, 5)]
    found = [edge_width_px(picture, inside, crop_px=SIDE_PX) for picture in blurred]
    assert (np.diff(found) > 0.3).all()
    assert SHARPEST_PX * 0.9 < found[0] < 5 < 12 < found[-1]


@pytest.mark.parametrize("change", [lambda g: 0.4 * g, lambda g: 255 - g], ids=["dark", "inverted"])
def test_exposure_hardly_matters(face, change):
    grey, inside = face
    one = edge_width_px(grey, inside, crop_px=SIDE_PX)
    assert edge_width_px(change(grey), inside, crop_px=SIDE_PX) == pytest.approx(one, rel=0.08)


def test_rows_and_columns_count_the_same(face):
    grey, inside = (np.ascontiguousarray(part.T) for part in face)
    assert edge_width_px(grey, inside, crop_px=256) == pytest.approx(
        edge_width_px(*face, crop_px=256), rel=1e-3
    )


def test_grain_does_not_make_a_blurred_face_sharp(face):
    grey, inside = face
    grainy = cv2.GaussianBlur(grey, (0, 0), 3) + np.random.default_rng(0).normal(0, 3, grey.shape)
    sharp = edge_width_px(grey, inside, crop_px=SIDE_PX)
    assert edge_width_px(grainy.astype(np.float32), inside, crop_px=SIDE_PX) > 2 * sharp


def test_the_same_edges_are_half_as_wide_in_a_crop_twice_as_large():
    picture = edges(sigma_px=2)
    one, two = (edge_width_px(picture, np.ones(picture.shape, bool), crop_px=px) for px in (256, 512))
    assert two == pytest.approx(one / 2)


def test_only_edges_inside_count():
    picture = edges(sigma_px=0.5)
    picture[:, 128:] = edges(sigma_px=4)[:, 128:]
    inside = np.zeros(picture.shape, bool)
    inside[:, 140:] = True
    assert edge_width_px(picture, inside, crop_px=256) > 10


def test_a_picture_without_an_edge_has_no_width():
    assert np.isnan(whole(np.full((40, 40), 99, np.float32)))
    assert np.isnan(edge_width_px(edges(sigma_px=1), np.zeros((64, 256), bool), crop_px=256))


def test_the_width_agrees_with_a_walk_along_every_row(face):
    """The slow twin: one pixel after another."""
    grey, inside = (part[90:150, 60:200] for part in face)
    soft = cv2.GaussianBlur(grey, (0, 0), 0.7)
    seen = 3.0 + 0.06 * float(soft[inside].mean())
    found = []
    for picture, mask in ((soft, inside), (soft.T, inside.T)):
        for row, within in zip(picture.astype(float), mask, strict=True):
            first = 0
            for end in range(1, len(row)):
                last = end == len(row) - 1
                if last or (row[end + 1] - row[end] > 0) != (row[end] - row[end - 1] > 0):
                    slopes = np.abs(np.diff(row[first : end + 1]))
                    if slopes.sum() >= seen and within[first + len(slopes) // 2]:
                        found.append((slopes.sum() ** 2 / (slopes**2).sum(), (slopes**2).sum()))
                    first = end
    widths, energies = np.array(sorted(found)).T
    below = np.cumsum(energies)
    expected = widths[np.searchsorted(below, 0.25 * below[-1])]
    assert edge_width_px(grey, inside, crop_px=SIDE_PX) == pytest.approx(expected, rel=1e-3)
