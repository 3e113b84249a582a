"""AVATAR paints src's whole view from three faces in the middle of gray."""

from __future__ import annotations

import pytest
import torch

from tests.networks.architectures.routes import depends_on, millions
from understudy.errors import OptionInvalid
from understudy.networks.architectures.avatar import GRAY, Avatar, AvatarPainted
from understudy.networks.catalog import build

SMALL = {"size_px": 80, "face_px": 48, "dims": 8, "view_dims": 8}
VIEWS = torch.rand(2, 3, 80, 80, generator=torch.Generator().manual_seed(0))


def small(**changes: object) -> Avatar:
    model = build("avatar", SMALL | changes)
    assert isinstance(model, Avatar)
    return model


def test_avatar_has_its_published_sizes() -> None:
    model = build("avatar", device="meta")
    assert isinstance(model, Avatar)
    assert millions(model.encoder, model.inter_both) == pytest.approx(47.3, abs=0.05)
    assert millions(model.decoder_src) == millions(model.decoder_dst) == pytest.approx(15.35, abs=0.005)
    assert millions(model.view) == pytest.approx(36.1, abs=0.05)


def test_a_view_of_a_head_holds_the_face_in_its_middle_and_that_of_a_face_is_one() -> None:
    assert small().cut_px == 42  # 0.536 of 80
    assert small(avatar_type="full").cut_px == 80
    face = small().face_of(VIEWS)
    assert face.shape == (2, 3, 48, 48)
    torch.testing.assert_close(face.mean(), VIEWS[..., 19:61, 19:61].mean(), atol=0.01, rtol=0)


def test_three_faces_go_into_the_middle_of_gray_and_three_views_come_out() -> None:
    model = small()
    seen: list[torch.Tensor] = []
    model.view.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    faces = [torch.full((1, 3, 48, 48), value) for value in (0.1, 0.2, 0.3)]
    views = model.view_of(*faces)
    assert [view.shape for view in views] == [(1, 3, 80, 80)] * 3
    assert seen[0].shape == (1, 9, 80, 80)
    assert torch.equal(seen[0][:, 3:6, 16:64, 16:64], faces[1])
    assert bool((seen[0][:, :, :16] == GRAY).all()) and bool((seen[0][:, :, :, 64:] == GRAY).all())


def test_a_swap_paints_srcs_view_from_what_is_seen_in_dst_through_srcs_decoder() -> None:
    model = small()
    face = model.decoder_src(model.inter_both(model.encoder(model.face_of(VIEWS))))
    swap = model.swap(VIEWS)
    assert torch.equal(swap.faces_BCHW, model.view_of(face, face, face)[1])
    assert depends_on(model, swap.faces_BCHW) == {"encoder", "inter_both", "decoder_src", "view"}
    assert depends_on(model, model(VIEWS, "dst").faces_BCHW) == {"encoder", "inter_both", "decoder_dst"}


def test_frames_before_and_after_count_where_they_are_told() -> None:
    model = small()
    before, now, after = torch.rand(3, 1, 3, 80, 80, generator=torch.Generator().manual_seed(1))
    still = model.swap(now).faces_BCHW
    torch.testing.assert_close(model.swap_run([now, now, now]).faces_BCHW, still)
    moving = model.swap_run([before, now, after]).faces_BCHW
    assert not torch.allclose(moving, still)
    assert not torch.allclose(moving, model.swap_run([after, now, before]).faces_BCHW)


def test_training_paints_both_faces_and_leaves_the_view_to_the_losses() -> None:
    model = small()
    made = model.reconstruct(VIEWS[:1], VIEWS)
    assert isinstance(made.src, AvatarPainted) and made.src.face_BCHW is not None
    assert depends_on(model, made.src.faces_BCHW) == {"encoder", "inter_both", "decoder_src"}
    assert made.src.face_BCHW.shape == (1, 3, 48, 48) and made.dst.faces_BCHW.shape == VIEWS.shape


def test_dsts_face_is_painted_in_its_place_on_gray() -> None:
    painted = small()(VIEWS, "dst")
    outside = painted.masks_B1HW == 0
    assert bool((painted.faces_BCHW[outside.expand(-1, 3, -1, -1)] == GRAY).all())
    assert float(painted.masks_B1HW.sum()) == 2 * 42**2


@pytest.mark.parametrize(("name", "changed"), [("dims", 16), ("view_dims", 16), ("face_px", 64)])
def test_every_size_changes_the_part_it_names(name: str, changed: int) -> None:
    before, after = (
        {part: millions(module) for part, module in build("avatar", settings, device="meta").parts().items()}
        for settings in ({}, {name: changed})
    )
    parts = {part for part in before if before[part] != after[part]}
    expected = {
        "dims": {"encoder", "inter_both", "decoder_src", "decoder_dst"},
        "view_dims": {"view"},
        "face_px": {"inter_both"},
    }
    assert parts == expected[name]


def test_a_face_larger_than_its_view_is_refused() -> None:
    with pytest.raises(OptionInvalid, match="inside the view"):
        small(face_px=96)


def test_the_type_source_sees_faces_as_full_does_and_says_that_it_paints_frames() -> None:
    assert small(avatar_type="source").paints_frame and small(avatar_type="source").cut_px == 80
    assert not small(avatar_type="full").paints_frame and not small().paints_frame
