"""AMP blends two performers channel by channel, by the share that it is told."""

from __future__ import annotations

import pytest
import torch

from understudy.errors import OptionInvalid
from understudy.networks.architectures.amp import Amp, drawn_channels
from understudy.networks.catalog import build
from understudy.networks.face_model import parameter_count
from understudy.training.steering.freezing import hold_still

SMALL = {"size_px": 64, "ae_dims": 32, "inter_dims": 40, "e_dims": 16, "d_dims": 16, "d_mask_dims": 16}


def small(**changes: object) -> Amp:
    model = build("amp", SMALL | changes)
    assert isinstance(model, Amp)
    return model


def test_amp_has_its_published_sizes() -> None:
    model = build("amp", device="meta")
    millions = {name: round(parameter_count(part) / 1e6, 2) for name, part in model.parts().items()}
    assert millions == {"encoder": 22.08, "inter_src": 12.90, "inter_dst": 12.90, "decoder": 53.48}
    assert round(parameter_count(model) / 1e6, 2) == 101.35


def test_exactly_the_share_of_channels_is_drawn_for_every_face_and_each_draws_others() -> None:
    drawn = drawn_channels(6, 41, 0.5, torch.Generator().manual_seed(1))
    assert drawn.sum(1).tolist() == [20] * 6
    assert len({tuple(row) for row in drawn.tolist()}) == 6
    again = drawn_channels(6, 41, 0.5, torch.Generator().manual_seed(1))
    assert torch.equal(drawn, again)


@pytest.mark.parametrize("factor", [0.1, 0.3, 0.5])
def test_training_mixes_src_from_as_many_of_its_channels_as_the_morph_factor_says(factor: float) -> None:
    model = small(morph_factor=factor)
    features = model.encode(torch.rand(3, 3, 64, 64))
    code = model.inter(features, "src", torch.Generator().manual_seed(0))
    own, other = model.inter_src(features), model.inter_dst(features)
    from_src = (code == own).all(dim=(2, 3))
    assert from_src.sum(1).tolist() == [int(40 * factor)] * 3
    assert torch.equal(code[~from_src], other[~from_src])


def test_dst_is_painted_from_dst_channels_alone_whatever_the_morph() -> None:
    model = small()
    features = model.encode(torch.rand(2, 3, 64, 64))
    for model.morph in (0.2, 1.0):
        for generator in (None, torch.Generator()):
            assert torch.equal(model.inter(features, "dst", generator), model.inter_dst(features))


def test_a_swap_takes_the_first_channels_of_dst_seen_from_src_and_the_others_from_dst() -> None:
    model = small()
    dst = torch.rand(2, 3, 64, 64)
    features = model.encode(dst)
    own, other = model.inter_src(features), model.inter_dst(features)
    assert torch.equal(model.swap(dst).faces_BCHW, model.decoder(own).faces_BCHW)
    model.morph = 0.25
    code = torch.cat([own[:, :10], other[:, 10:]], 1)
    assert torch.equal(model.swap(dst).faces_BCHW, model.decoder(code).faces_BCHW)
    model.morph = 0.0
    assert torch.equal(model.swap(dst).faces_BCHW, model(dst, "dst").faces_BCHW)


def test_an_export_may_leave_the_morph_open() -> None:
    model = small()
    dst = torch.rand(1, 3, 64, 64)
    for model.morph in (0.0, 0.5, 0.975, 1.0):
        painted = model.swap_morphed(dst, torch.tensor([model.morph]))
        assert torch.equal(painted.faces_BCHW, model.swap(dst).faces_BCHW)


def test_inters_learn_unless_they_are_to_stay_random() -> None:
    for trained in (True, False):
        model = small(trained_inters=trained)
        model.reconstruct(*torch.rand(2, 1, 3, 64, 64), torch.Generator()).src.faces_BCHW.sum().backward()
        for inter in (model.inter_src, model.inter_dst):
            assert inter.dense.weight.requires_grad is trained
            assert (inter.dense.weight.grad is not None) is trained
        assert model.encoder.dense.weight.grad is not None


def test_every_size_changes_the_part_it_names() -> None:
    before = {name: parameter_count(part) for name, part in small().parts().items()}
    inters = {"inter_src", "inter_dst"}
    for name, parts in {
        "size_px": {"encoder"} | inters,
        "ae_dims": {"encoder"} | inters,
        "inter_dims": inters | {"decoder"},
        "e_dims": {"encoder"},
        "d_dims": {"decoder"},
        "d_mask_dims": {"decoder"},
    }.items():
        after = {part: parameter_count(m) for part, m in small(**{name: SMALL[name] * 2}).parts().items()}
        assert {part for part in before if after[part] != before[part]} == parts


def test_a_side_that_cannot_be_halved_five_times_is_refused() -> None:
    with pytest.raises(OptionInvalid, match="multiple of 32"):
        small(size_px=80)


def test_inters_that_stay_random_do_so_also_after_another_part_was_frozen_and_thawed() -> None:
    model = small(trained_inters=False)
    for frozen in ({"encoder"}, set()):
        hold_still(model, frozenset(frozen))
        assert not any(p.requires_grad for p in model.inter_src.parameters())
        assert all(p.requires_grad for p in model.decoder.parameters())
