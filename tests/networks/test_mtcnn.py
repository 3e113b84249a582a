import numpy as np
import pytest
import torch

from understudy.networks.mtcnn import (
    OutputNet,
    ProposalNet,
    RefineNet,
    _Halved,
    fill_from_tensorflow,
    from_rgb,
    load_mtcnn,
)
from understudy.networks.weights import mtcnn_weights

# TensorFlow 2.21.0 with mtcnn 1.0.0 on the ramp below.
KNOWN_BOXES = [-0.104765, -0.03123, 0.067703, 0.273716]
KNOWN_POINTS_X = [0.361861, 0.733858, 0.622638, 0.436132, 0.730026]
KNOWN_SCORE = 0.0053462


@pytest.fixture(scope="module")
def nets():
    return load_mtcnn()


def test_the_networks_have_the_published_number_of_parameters(nets):
    counts = [sum(p.numel() for p in net.parameters()) for net in (nets.proposal, nets.refine, nets.output)]
    assert counts == [6632, 100178, 389040]


@pytest.mark.parametrize(("height", "width"), [(12, 12), (13, 20), (31, 27)])
def test_the_proposal_network_has_one_cell_every_two_pixels(nets, height, width):
    offsets, scores = nets.proposal(torch.zeros(2, 3, height, width))
    cells = ((height - 12 + 1) // 2 + 1, (width - 12 + 1) // 2 + 1)
    assert scores.shape == (2, *cells) and offsets.shape == (2, 4, *cells)


def test_known_patches_give_the_original_programs_answers(nets):
    ramp = torch.linspace(-1, 1, 48 * 48 * 3).reshape(1, 48, 48, 3).permute(0, 3, 1, 2)
    boxes, points, scores = nets.output(ramp)
    np.testing.assert_allclose(boxes[0], KNOWN_BOXES, atol=2e-5)
    np.testing.assert_allclose(points[0, :, 0], KNOWN_POINTS_X, atol=2e-5)
    np.testing.assert_allclose(scores[0], KNOWN_SCORE, atol=2e-6)


def test_arrays_of_another_network_are_refused():
    arrays = mtcnn_weights()
    with pytest.raises(ValueError, match="arrays for"):
        fill_from_tensorflow(RefineNet(), arrays["onet"])
    shuffled = arrays["pnet"][3:4] + arrays["pnet"][1:]
    with pytest.raises(ValueError, match="for a parameter of"):
        fill_from_tensorflow(ProposalNet(), shuffled)


def test_dense_layers_read_columns_first():
    net = OutputNet().trunk[-3]
    x = torch.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4)  # channels, rows, columns
    assert net(x)[0, :4].tolist() == [x[0, 0, 0, 0], x[0, 1, 0, 0], x[0, 0, 1, 0], x[0, 1, 1, 0]]


def test_pictures_are_scaled_to_about_one():
    seen = from_rgb(np.array([[[[0, 127, 255]]]], np.uint8))
    assert seen.shape == (1, 3, 1, 1)
    np.testing.assert_allclose(seen[0, :, 0, 0], [-0.99609375, -0.00390625, 0.99609375])


@pytest.mark.parametrize("size", [(148, 265), (7, 8), (12, 5), (1, 1), (10, 10)])
def test_the_quick_halving_is_max_pooling_with_its_edge_kept(size):
    x = torch.randn(2, 10, *size).contiguous(memory_format=torch.channels_last)
    slow = torch.nn.MaxPool2d(2, 2, ceil_mode=True)
    assert torch.equal(_Halved()(x), slow(x))
