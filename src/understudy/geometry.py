"""Where things are on a face: mean faces, similarity fits, crop transforms, pose.

Points are (x, y) in pixels with y down; a pixel's centre is at whole coordinates plus one half only where a
function says so. Transforms are 2 x 3 matrices named `goal_from_start`. Numpy only, no images.

The 2-D and 3-D mean faces use the common 68-point order (jaw 0-16, brows 17-26, nose 27-35, eyes 36-47,
lips 48-67).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FaceType = Literal["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align", "mark-only"]

# Points 17-67 of the mean face in the unit square; the jaw has no reference.
MEAN_FACE_51_IN_UNIT: Array = np.array(
    [
        (0.000213256, 0.106454),
        (0.0752622, 0.038915),
        (0.18113, 0.0187482),
        (0.29077, 0.0344891),
        (0.393397, 0.0773906),
        (0.586856, 0.0773906),
        (0.689483, 0.0344891),
        (0.799124, 0.0187482),
        (0.904991, 0.038915),
        (0.98004, 0.106454),
        (0.490127, 0.203352),
        (0.490127, 0.307009),
        (0.490127, 0.409805),
        (0.490127, 0.515625),
        (0.36688, 0.587326),
        (0.426036, 0.609345),
        (0.490127, 0.628106),
        (0.554217, 0.609345),
        (0.613373, 0.587326),
        (0.121737, 0.216423),
        (0.187122, 0.178758),
        (0.265825, 0.179852),
        (0.334606, 0.231733),
        (0.260918, 0.245099),
        (0.182743, 0.244077),
        (0.645647, 0.231733),
        (0.714428, 0.179852),
        (0.793132, 0.178758),
        (0.858516, 0.216423),
        (0.79751, 0.244077),
        (0.719335, 0.245099),
        (0.254149, 0.780233),
        (0.340985, 0.745405),
        (0.428858, 0.727388),
        (0.490127, 0.742578),
        (0.551395, 0.727388),
        (0.639268, 0.745405),
        (0.726104, 0.780233),
        (0.642159, 0.864805),
        (0.556721, 0.902192),
        (0.490127, 0.909281),
        (0.423532, 0.902192),
        (0.338094, 0.864805),
        (0.290379, 0.784792),
        (0.428096, 0.778746),
        (0.490127, 0.785343),
        (0.552157, 0.778746),
        (0.689874, 0.784792),
        (0.553364, 0.824182),
        (0.490127, 0.831803),
        (0.42689, 0.824182),
    ]
)

# The mean face in space: about millimetres, x to the image's right, y down, z away from the camera.
MEAN_FACE_68_IN_SPACE: Array = np.array(
    [
        (-73.393523, -29.801432, 47.667532),
        (-72.775014, -10.949766, 45.909403),
        (-70.533638, 7.929818, 44.842580),
        (-66.850058, 26.074280, 43.141114),
        (-59.790187, 42.564390, 38.635298),
        (-48.368973, 56.481080, 30.750622),
        (-34.121101, 67.246992, 18.456453),
        (-17.875411, 75.056892, 3.609035),
        (0.098749, 77.061286, -0.881698),
        (17.477031, 74.758448, 5.181201),
        (32.648966, 66.929021, 19.176563),
        (46.372358, 56.311389, 30.770570),
        (57.343480, 42.419126, 37.628629),
        (64.388482, 25.455880, 40.886309),
        (68.212038, 6.990805, 42.281449),
        (70.486405, -11.666193, 44.142567),
        (71.375822, -30.365191, 47.140426),
        (-61.119406, -49.361602, 14.254422),
        (-51.287588, -58.769795, 7.268147),
        (-37.804800, -61.996155, 0.442051),
        (-24.022754, -61.033399, -6.606501),
        (-11.635713, -56.686759, -11.967398),
        (12.056636, -57.391033, -12.051204),
        (25.106256, -61.902186, -7.315098),
        (38.338588, -62.777713, -1.022953),
        (51.191007, -59.302347, 5.349435),
        (60.053851, -50.190255, 11.615746),
        (0.653940, -42.193790, -13.380835),
        (0.804809, -30.993721, -21.150853),
        (0.992204, -19.944596, -29.284036),
        (1.226783, -8.414541, -36.948060),
        (-14.772472, 2.598255, -20.132003),
        (-7.180239, 4.751589, -23.536684),
        (0.555920, 6.562900, -25.944448),
        (8.272499, 4.661005, -23.695741),
        (15.214351, 2.643046, -20.858157),
        (-46.047290, -37.471411, 7.037989),
        (-37.674688, -42.730510, 3.021217),
        (-27.883856, -42.711517, 1.353629),
        (-19.648268, -36.754742, -0.111088),
        (-28.272965, -35.134493, -0.147273),
        (-38.082418, -34.919043, 1.476612),
        (19.265868, -37.032306, -0.665746),
        (27.894191, -43.342445, 0.247660),
        (37.437529, -43.110822, 1.696435),
        (45.170805, -38.086515, 4.894163),
        (38.196454, -35.532024, 0.282961),
        (28.764989, -35.484289, -1.172675),
        (-28.916267, 28.612716, -2.240310),
        (-17.533194, 22.172187, -15.934335),
        (-6.684590, 19.029051, -22.611355),
        (0.381001, 20.721118, -23.748437),
        (8.375443, 19.035460, -22.721995),
        (18.876618, 22.394109, -15.610679),
        (28.794412, 28.079924, -3.217393),
        (19.057574, 36.298248, -14.987997),
        (8.956375, 39.634575, -22.554245),
        (0.381549, 40.395647, -23.591626),
        (-7.428895, 39.836405, -22.406106),
        (-18.160634, 36.677899, -15.121907),
        (-24.377490, 28.677771, -4.785684),
        (-6.897633, 25.475976, -20.893742),
        (0.340663, 26.014269, -22.220479),
        (8.444722, 25.326198, -21.025520),
        (24.474473, 28.323008, -5.712776),
        (8.449166, 30.596216, -20.671489),
        (0.205322, 31.408738, -21.903670),
        (-7.198266, 30.844876, -20.328022),
    ]
)

# The points that a similarity fit listens to: no lips but their corners, so that an open mouth does not
# change the crop's scale.
_STEADY_POINTS = [*range(17, 48), 48, 54]

# Face i of the mirrored image is face MIRROR_68[i] of the original.
_MIRROR_PAIRS = (
    (0, 16), (1, 15), (2, 14), (3, 13), (4, 12), (5, 11), (6, 10), (7, 9), (17, 26), (18, 25), (19, 24),
    (20, 23), (21, 22), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (31, 35), (32, 34),
    (50, 52), (49, 53), (48, 54), (59, 55), (58, 56), (67, 65), (60, 64), (61, 63),
)  # fmt: skip


def _mirror_order() -> npt.NDArray[np.intp]:
    order = np.arange(68)
    for left, right in _MIRROR_PAIRS:
        order[left], order[right] = right, left
    return order


MIRROR_68 = _mirror_order()

# Margin on each side of the unit square, in its own side lengths, before the factor sqrt(2) (see
# crop_from_frame), and how far the centre moves towards the forehead.
_PADDING: dict[str, float] = {
    "half": 0.0,
    "mid-full": 0.0675,
    "full": 0.2109375,
    "full-no-align": 0.2109375,
    "whole": 0.40,
    "head": 0.70,
    "head-no-align": 0.70,
}
_SHIFT_UP: dict[str, float] = {"whole": 0.07, "head": 0.50}
FACE_TYPES: tuple[FaceType, ...] = (
    "half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align", "mark-only",
)  # fmt: skip


def similarity_fit(start: npt.ArrayLike, goal: npt.ArrayLike) -> Array:
    """The similarity (turn, uniform scale, shift) that takes `start` nearest to `goal`, as a 2 x 3 matrix.

    Both are (n, 2) with n >= 2. Least squares with a guard against reflection: Umeyama, "Least-squares
    estimation of transformation parameters between two point patterns", PAMI 13(4), 1991.
    """
    a, b = np.asarray(start, float), np.asarray(goal, float)
    mean_a, mean_b = a.mean(0), b.mean(0)
    a0, b0 = a - mean_a, b - mean_b
    u, singular, vt = np.linalg.svd(b0.T @ a0 / len(a))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    turn = u @ np.diag(sign) @ vt
    spread = a0.var(0).sum()
    scale = (singular * sign).sum() / spread if spread > 0 else 1.0
    linear = scale * turn
    return np.column_stack([linear, mean_b - linear @ mean_a])


def transform_points(goal_from_start: npt.ArrayLike, points: npt.ArrayLike) -> Array:
    """Apply a 2 x 3 transform to points of shape (..., 2)."""
    m = np.asarray(goal_from_start, float)
    return np.asarray(points, float) @ m[:, :2].T + m[:, 2]


def inverse(goal_from_start: npt.ArrayLike) -> Array:
    """The 2 x 3 transform that undoes another."""
    m = np.asarray(goal_from_start, float)
    back = np.linalg.inv(m[:, :2])
    return np.column_stack([back, -back @ m[:, 2]])


def compose(c_from_b: npt.ArrayLike, b_from_a: npt.ArrayLike) -> Array:
    """The 2 x 3 transform c_from_a that applies `b_from_a` first."""
    c, b = np.asarray(c_from_b, float), np.asarray(b_from_a, float)
    return np.column_stack([c[:, :2] @ b[:, :2], c[:, :2] @ b[:, 2] + c[:, 2]])


def unit_from_frame(landmarks_68_in_frame: npt.ArrayLike) -> Array:
    """The similarity that takes a face's landmarks to the mean face in the unit square."""
    points = np.asarray(landmarks_68_in_frame, float)
    reference = MEAN_FACE_51_IN_UNIT[np.array(_STEADY_POINTS) - 17]
    return similarity_fit(points[_STEADY_POINTS], reference)


def crop_from_frame(
    landmarks_68_in_frame: npt.ArrayLike, *, face_type: FaceType, size_px: int, scale: float = 1.0
) -> Array:
    """The 2 x 3 transform from frame pixels to an aligned crop of `size_px` x `size_px`.

    A larger `scale` shows less around the face. "-no-align" types keep the frame's upright: their crop is an
    axis-parallel square of the same area about the same centre. "mark-only" crops nothing and is refused.
    The padding is multiplied by sqrt(2), as the programs of this field do, so that facesets are exchangeable.
    """
    if face_type == "mark-only":
        raise ValueError("mark-only faces have no crop")
    points = np.asarray(landmarks_68_in_frame, float)
    to_unit = unit_from_frame(points)
    from_unit = inverse(to_unit)
    corners = transform_points(from_unit, [[0, 0], [1, 0], [1, 1], [0, 1]])
    right, down = corners[1] - corners[0], corners[3] - corners[0]
    centre = corners.mean(0) - down * _SHIFT_UP.get(face_type, 0.0)
    if face_type == "head":
        yaw = yaw_from_landmarks(transform_points(to_unit, points))
        centre = centre + right * (0.5 * yaw * abs(np.tanh(2 * yaw)))
    half_side = 0.5 * (1 + 2 * _PADDING[face_type] * np.sqrt(2)) / scale
    if face_type.endswith("-no-align"):
        side = float(np.linalg.norm(right))
        right, down = np.array([side, 0.0]), np.array([0.0, side])
    top_left = centre - half_side * (right + down)
    frame_from_crop = np.column_stack(
        [right * 2 * half_side / size_px, down * 2 * half_side / size_px, top_left]
    )
    return inverse(frame_from_crop)


def resized_crop(crop_from_frame: npt.ArrayLike, *, from_px: int, to_px: int) -> Array:
    """The transform of the same crop at another size."""
    return np.asarray(crop_from_frame, float) * (to_px / from_px)


def for_pixel_grid(goal_from_start: npt.ArrayLike) -> Array:
    """The same transform for image functions that put the first pixel's centre at 0 (OpenCV's warps).

    Our transforms measure from the image's corner, where a crop of N pixels spans 0..N; without this half
    pixel a face would sit in another place at 64 px than at 256 px.
    """
    m = np.array(goal_from_start, float)
    m[:, 2] += m[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return m


def yaw_from_landmarks(landmarks_68: npt.ArrayLike) -> float:
    """A rough yaw from three jaw pairs against the nose ridge, in the landmarks' own units; 0 is frontal."""
    x = np.asarray(landmarks_68, float)[:, 0]
    k = np.arange(3)
    return float((x[16 - k] - x[27 + k]).mean() - (x[27 + k] - x[k]).mean())


def mirrored_landmarks(landmarks_68: npt.ArrayLike, *, width_px: float) -> Array:
    """Landmarks of the mirrored image, in the usual order, measured from the image's corner."""
    points = np.asarray(landmarks_68, float)[MIRROR_68].copy()
    points[:, 0] = width_px - points[:, 0]
    return points
