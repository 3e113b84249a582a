"""The options of what a model is asked for. A weight of 0 costs nothing: that loss is not computed."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import model_validator

from understudy.options import Options, option
from understudy.training.losses.presets import LOSS_PRESETS


class LossOptions(Options):
    """What is asked of a model."""

    losses: Literal["understudy", "dfl", "dfl_pixel", "amp", "ms_ssim"] = option(
        "understudy",
        "A set of losses to start from; every loss that is said by itself counts more than the set. dfl is "
        "what DeepFaceLab's SAEHD is trained with, dfl_pixel the pixel loss of its SAE, amp that of its "
        "AMP, ms_ssim structure at five scales. Losses of one set can't be compared with those of another. "
        "What else DeepFaceLab's SAEHD does is no loss: for liae say hold_inter_ab too. A recipe's stage may "
        "change to another set while a model trains.",
        when="restart",
    )
    structure: Literal["pyramid", "windows", "both_windows", "scales", "edges"] = option(
        "pyramid",
        "How structure is compared. pyramid looks through small windows at full and half size; windows through "
        "one of the side / 11.6, from 256 px through two; both_windows always through two; scales is MS-SSIM; "
        "edges looks at edges alone.",
    )
    structure_weight: float = option(
        10.0, "How much a wrong structure counts; 10 is usual.", low=0.0, high=1000.0
    )
    color: Literal["l1", "l2", "charbonnier", "log_cosh", "laplacian"] = option(
        "l1",
        "How colours are compared. l1 is sharper, l2 smoother and kinder to noise, charbonnier and log_cosh "
        "lie between, laplacian weighs fine detail most.",
    )
    color_weight: float = option(
        5.0, "How much a wrong colour counts; 5 is usual with l1, 10 with l2.", low=0.0, high=1000.0
    )
    masked_training: bool = option(
        True,
        "Ask for the face alone. Without it the whole picture counts alike, which costs detail in the face and "
        "gives a usable background.",
    )
    mask_area: Literal["wide", "soft"] = option(
        "wide",
        "Where the face has to be right. wide goes four pixels beyond the mask; soft fades out over a 32nd "
        "of the side, as DeepFaceLab has it.",
    )
    background_weight: float = option(
        0.02,
        "How much a wrong colour counts over the whole picture, as a share of its weight in the face. A little "
        "keeps the face's edge sensible; 1 asks for the background too.",
        low=0.0,
        high=1.0,
    )
    background_structure: float = option(
        0.0,
        "How much structure counts over the whole picture, as a share of its weight in the face.",
        low=0.0,
        high=1.0,
    )
    dst_background_weight: float = option(
        0.0,
        "How much a wrong colour counts outside dst's face, squared; 0.1 is what AMP is trained with.",
        low=0.0,
        high=100.0,
    )
    blur_out_mask: bool = option(
        False,
        "Blur what surrounds the face in what the model is to paint, so that it spends less on it. The model "
        "then has to be merged with masks.",
    )
    eyes_weight: float = option(
        25.0,
        "How much an error of colour on the eyes counts in addition. Raise it when the gaze drifts; 300 is "
        "what DeepFaceLab calls eyes priority.",
        low=0.0,
        high=1000.0,
    )
    mouth_weight: float = option(
        25.0,
        "How much an error of colour on the mouth counts in addition. Raise it when teeth and lips stay "
        "blurred; 300 is what DeepFaceLab calls mouth priority.",
        low=0.0,
        high=1000.0,
    )
    expression_weight: float = option(
        0.0,
        "How much it counts that the code tells how far eyes and mouth are open, as landmarks of dense say. "
        "0.1 makes a young model blink with dst sooner.",
        low=0.0,
        high=100.0,
    )
    follow_weight: float = option(
        0.0,
        "How much it counts that swaps turn their heads and open eyes and mouth as dst does, as our own face "
        "network sees them. 20 is a good value. Each iteration takes longer.",
        low=0.0,
        high=1000.0,
    )
    follow_after: int = option(
        300,
        "How many iterations a model has before that is asked: it would take away from the likeness of a swap "
        "that is hardly a face yet.",
        low=0,
        high=10**9,
    )
    follow_faces: int = option(
        4,
        "Of how many of a batch's swaps that is asked. More say it more surely and take longer.",
        low=2,
        high=64,
    )
    mask_weight: float = option(
        1.0, "How much an error of the painted mask counts; 1 to 10 is usual.", low=0.0, high=1000.0
    )
    smaller_weight: float = option(
        1.0,
        "How much the smaller pictures count that a decoder of several scales paints on its way. Other "
        "networks have none.",
        low=0.0,
        high=100.0,
    )
    gradient_weight: float = option(
        0.0,
        "How much wrong edges count. 1 to 5 sharpens lashes and lips once the face is right; noise in src then "
        "shows sooner.",
        low=0.0,
        high=1000.0,
    )
    frequency_weight: float = option(
        0.0,
        "How much missing frequencies count (focal frequency loss). 1 to 10 brings back hair and pores late in "
        "training.",
        low=0.0,
        high=1000.0,
    )
    feature_weight: float = option(
        0.0,
        "How much a difference counts that a network of fixed random filters sees. 1 to 5 gives texture "
        "without asking for every pixel; each iteration takes longer.",
        low=0.0,
        high=1000.0,
    )
    feature_every: int = option(
        1,
        "Ask for features only every so many iterations, so much stronger. 2 or 3 saves most of their time and "
        "changes little.",
        low=1,
        high=100,
    )
    face_style_power: float = option(
        0.0,
        "How strongly the swap takes on dst's mean colour and contrast in the face. Begin with 0.001 to "
        "0.01 when src is already alike, and keep a copy of the model: too much spoils it.",
        low=0.0,
        high=100.0,
    )
    bg_style_power: float = option(
        0.0,
        "How strongly the swap's surroundings take on dst's. 2 is usual; it softens the change from face to "
        "neck and can cost likeness.",
        low=0.0,
        high=100.0,
    )
    true_face_power: float = option(
        0.0,
        "How strongly src's codes are pulled to dst's, for more likeness. 0.01 is usual; more can cost "
        "expression. For networks whose performers share one inter, like df; others refuse it.",
        low=0.0,
        high=1.0,
    )
    gan_power: float = option(
        0.0,
        "How strongly a critic asks for detail that looks real. Only once the face is right and the warp is "
        "off; 0.1 is usual.",
        low=0.0,
        high=10.0,
    )
    gan_patch_size: int = option(
        0,
        "Side of what the critic looks at. Larger sees shapes, smaller texture; 0 is an eighth of the face. "
        "Another size is another critic, which learns anew.",
        low=0,
        high=640,
        unit="px",
    )
    gan_dims: int = option(
        16,
        "Width of the critic. 16 is usual; more sees more and needs more memory. Another width is another "
        "critic, which learns anew.",
        low=4,
        high=512,
    )
    gan_sides: Literal["src", "both"] = option("src", "Whose painted faces the critic judges.")
    gan_smoothing: float = option(
        0.0,
        "How unsure the critic is taught to be of real faces. 0.1 keeps a strong critic from winning too soon.",
        low=0.0,
        high=0.5,
    )
    critic_rate: float = option(5e-5, "Learning rate of the critics, when there are any.", low=1e-7, high=1e-2)
    avatar_stage: Literal["both", "faces", "views"] = option(
        "both",
        "For the model avatar: it learns to paint faces, or src's views from its faces, or both at once.",
    )
    identity_weight: float = option(
        0.0,
        "How much it counts that the swap is src to an embedder; 0.1 to 1 with an embedder that knows people.",
        low=0.0,
        high=100.0,
    )
    identity_embedder: str = option(
        "",
        "Who tells identities, as NAME:FOLDER. encoder:FOLDER takes the encoder of another trained model, "
        "best one that learned many people. OpenCV's SFace can't be used: it gives no gradients.",
        place=True,
    )

    @property
    def asks_openings(self) -> bool:
        """Whether a lesson has to tell how far eyes and mouth are open."""
        return self.expression_weight > 0

    def asks_following(self, iteration: int) -> bool:
        """Whether swaps of a model of so many iterations are asked to follow."""
        return self.follow_weight > 0 and iteration >= self.follow_after

    def changed(self, **values: Any) -> Self:
        """A validated copy with some values replaced; another set of losses replaces all that sets are about,
        but for what is said beside it. Raises OptionInvalid."""
        name = values.get("losses", self.losses)
        return super().changed(**{**(set_of_losses(name) if name != self.losses else {}), **values})

    @model_validator(mode="before")
    @classmethod
    def _from_the_set(cls, values: Any) -> Any:
        """What is not said by itself comes from the set."""
        if not isinstance(values, dict):
            return values
        return {**LOSS_PRESETS.get(str(values.get("losses")), {}), **values}


def set_of_losses(name: str) -> dict[str, Any]:
    """Every option that any set is about, as this set has it; nothing for a set that is none."""
    if name not in LOSS_PRESETS:
        return {}
    about = {option for values in LOSS_PRESETS.values() for option in values}
    defaults = {option: LossOptions.model_fields[option].default for option in sorted(about)}
    return {**defaults, **LOSS_PRESETS[name]}
