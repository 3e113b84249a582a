"""What every network is asked for, answered from `encode`, `inter` and `decode` alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from understudy.networks.face_model import FaceModel, Painted, of_side, parameter_count
from understudy.networks.swap import Side


class Shifted(FaceModel):
    """Sees faces in half brightness; paints src brighter by 0.1, dst by 0.2; counts how often it looks."""

    def __init__(self) -> None:
        super().__init__(4)
        self.looks = 0
        self.layer = nn.Linear(3, 2)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        self.looks += 1
        return faces_BCHW / 2

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return Painted(code + {"src": 0.1, "dst": 0.2}[shown], code[:, :1])


def test_painting_is_seeing_and_then_showing() -> None:
    faces = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(Shifted()(faces, "src").faces_BCHW, faces / 2 + 0.1)


def test_training_looks_at_both_performers_at_once_and_paints_each_as_himself() -> None:
    model = Shifted()
    src, dst = torch.rand(2, 3, 4, 4), torch.rand(3, 3, 4, 4)
    made = model.reconstruct(src, dst)
    assert model.looks == 1
    torch.testing.assert_close(made.src.faces_BCHW, src / 2 + 0.1)
    torch.testing.assert_close(made.dst.faces_BCHW, dst / 2 + 0.2)


def test_the_code_of_a_swap_is_the_one_that_is_shown_as_src() -> None:
    class Routed(Shifted):
        def inter(self, features: Tensor, shown: Side, generator: object = None) -> Tensor:
            return features * (3 if shown == "src" else 1)

    model, faces = Routed(), torch.rand(2, 3, 4, 4)
    painted = model.decode(model.swap_code(model.encode(faces)), "src").faces_BCHW
    torch.testing.assert_close(painted, model.swap(faces).faces_BCHW)
    torch.testing.assert_close(painted, faces * 1.5 + 0.1)


def test_parameters_are_counted_with_their_biases() -> None:
    assert parameter_count(Shifted()) == 3 * 2 + 2


def test_faces_brought_to_another_side_keep_their_colours_and_lose_no_pixel() -> None:
    faces = torch.rand(1, 3, 8, 8)
    assert of_side(faces, 8) is faces
    small = of_side(faces, 2)
    assert small.shape == (1, 3, 2, 2)
    torch.testing.assert_close(small.mean(), faces.mean(), atol=0.03, rtol=0)
    assert of_side(faces, 16).shape == (1, 3, 16, 16)
