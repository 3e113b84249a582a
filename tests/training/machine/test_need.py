"""What a training needs is told from shapes alone, and agrees with what is then taken."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.training.conftest import TINY_NETWORK, tiny_options
from understudy.networks.catalog import build
from understudy.networks.dense_face import DenseFaceNet
from understudy.networks.face_model import parameter_count
from understudy.training.feeding.augment import Lesson
from understudy.training.learner import Learner
from understudy.training.machine import compiling
from understudy.training.machine.device import Compute
from understudy.training.machine.need import Need, empty_lesson, needed, needed_on
from understudy.training.options import TrainOptions
from understudy.training.presets import PRESETS

EXACT = Compute(torch.device("cpu"), uses_bfloat16=False)


def tiny(**changes: object) -> Need:
    return needed("quick", TINY_NETWORK, tiny_options(**changes), bfloat16=False)


def tensors_of(lesson: Lesson) -> list[torch.Tensor]:
    return [tensor for tensor in vars(lesson).values() if tensor is not None]


def test_weights_and_moments_are_what_a_learner_holds() -> None:
    options = tiny_options(optimizer="adamw", batch_size=2)
    learner = Learner("quick", TINY_NETWORK, options=options, seed=0, compute=EXACT)
    lessons = [empty_lesson(learner.model, 2, EXACT.device) for _ in range(2)]
    for lesson in lessons:
        for part in tensors_of(lesson):
            part.fill_(0.5)
    with FlopCounterMode(display=False) as counter:
        learner.step(*lessons, options, speed=1.0)
    need = tiny(optimizer="adamw", batch_size=2)
    held = [value.nbytes for name, value in learner.optimizer_tensors().items() if not name.endswith(":step")]
    assert need.moments == sum(held)
    assert need.weights == need.average == 4 * parameter_count(learner.model) == 4 * need.parameters
    assert need.batch == sum(part.nbytes for lesson in lessons for part in tensors_of(lesson))
    assert need.flops == counter.get_total_flops()


def test_what_is_kept_grows_with_the_batch_and_shrinks_when_calculated_again() -> None:
    few, many = tiny(batch_size=8), tiny(batch_size=16)
    assert 1.7 * few.activations < many.activations < 2 * few.activations  # modulated weights don't grow
    assert tiny(batch_size=16, recompute=True).activations < 0.8 * many.activations


def test_batches_that_are_added_up_lie_there_together_and_are_gone_through_one_by_one() -> None:
    one, many = tiny(), tiny(accumulation=8)
    assert (many.batch, many.flops) == (8 * one.batch, 8 * one.flops)
    assert many.device_bytes - one.device_bytes == 7 * one.batch


def test_what_is_tried_for_its_size_alone_is_made_of_numbers() -> None:
    torch.use_deterministic_algorithms(True)  # fills what is left empty with what is no number
    try:
        lesson = empty_lesson(build("quick", TINY_NETWORK), 2, EXACT.device)
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(not part.any() for part in tensors_of(lesson))


def test_offloading_takes_moments_and_average_off_the_device() -> None:
    here, away = tiny(), tiny(offload=True)
    assert here.device_bytes - away.device_bytes == away.host_bytes == here.moments + here.average
    assert here.host_bytes == 0


@pytest.mark.parametrize(
    ("preset", "changes", "bfloat16", "gigabytes"),
    [
        ("sae", {"batch_size": 4, "offload": True}, True, 2),
        ("sae", {"batch_size": 4, "offload": True, "recompute": True}, False, 2),
        ("custom-256", {"batch_size": 8}, False, 6),
        ("custom-256-light", {"batch_size": 8}, False, 6),
    ],
)
def test_presets_fit_into_the_memory_that_is_promised(
    preset: str, changes: dict[str, object], bfloat16: bool, gigabytes: int
) -> None:
    chosen = PRESETS[preset]
    options = TrainOptions.model_validate({**chosen.train, **changes})
    need = needed(chosen.architecture, chosen.network, options, bfloat16=bfloat16)
    assert need.device_bytes < gigabytes * 1e9


def test_every_preset_can_be_looked_at_and_bfloat16_keeps_less() -> None:
    preset = PRESETS["df"]
    options = tiny_options(batch_size=8)
    long = needed(preset.architecture, preset.network, options, bfloat16=False)
    short = needed(preset.architecture, preset.network, options, bfloat16=True)
    assert short.parameters == parameter_count(build("df", preset.network, device="meta"))
    assert 0.5 * long.activations < short.activations < 0.95 * long.activations


@pytest.mark.parametrize(
    "device, change", [("cpu", {}), ("cuda", {"replay": "off"}), ("cuda", {"accumulation": 2})]
)
def test_steps_that_are_played_back_need_room_for_one_more_batch(
    device: str, change: dict[str, object]
) -> None:
    gpu, elsewhere = (Compute(torch.device(name), uses_bfloat16=False) for name in ("cuda", device))
    options = tiny_options(replay="on", compile="off", batch_size=8)
    plain = tiny(batch_size=8)
    more = needed_on(gpu, "quick", TINY_NETWORK, options).device_bytes - plain.device_bytes
    assert more == plain.activations + plain.batch
    other = needed_on(elsewhere, "quick", TINY_NETWORK, options.changed(**change))
    assert other.recording == 0


def test_a_recording_that_nobody_asked_for_takes_only_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "times_as_fast", lambda way, *_: 2.7 if way == "played back" else None)
    gpu = Compute(torch.device("cuda"), uses_bfloat16=False)
    options = tiny_options(replay="auto", compile="auto")
    assert compiling.way_of_steps(options, gpu, can_record=True) == "played back"
    assert needed_on(gpu, "quick", TINY_NETWORK, options) == tiny()


def test_critics_are_counted_with_their_gradients_and_moments() -> None:
    assert tiny().critics == 0
    assert tiny(gan_power=0.1).critics > 0


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_preset_can_be_planned_in_bfloat16(preset: str) -> None:
    chosen = PRESETS[preset]
    own = TrainOptions.model_validate({**chosen.train, "batch_size": 1})
    need = needed(chosen.architecture, chosen.network, own, bfloat16=True)
    assert need.activations > need.weights / 2 and need.flops > need.parameters


def test_a_network_that_paints_whole_frames_needs_room_for_those() -> None:
    full, source = (
        build("avatar", {"size_px": 32, "face_px": 16, "dims": 8, "view_dims": 8, "avatar_type": kind})
        for kind in ("full", "source")
    )
    assert empty_lesson(full, 2, EXACT.device).frame_BCHW is None
    room = empty_lesson(source, 2, EXACT.device).frame_BCHW
    assert room is not None and room.shape == (6, 3, 32, 32)


def test_the_face_network_that_sees_whether_swaps_follow_counts_in_memory_and_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("understudy.training.losses.judges.load_dense_face", DenseFaceNet)
    without = tiny(batch_size=2)
    asked = tiny(batch_size=2, follow_weight=1.0, follow_after=301)
    dense_bytes = 4 * sum(weight.numel() for weight in DenseFaceNet().folded().parameters())
    assert asked.activations > without.activations + dense_bytes
    assert asked.flops > 2 * without.flops
