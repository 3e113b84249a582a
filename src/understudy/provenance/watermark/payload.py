"""What the watermark carries: 48 bits, guarded by a checksum and a code that corrects errors.

4 bits say the format, 44 are a random number that the ledger of exports links to what was made. A CRC follows
(CRC-16-CCITT), then a convolutional code of rate 1/3 and constraint length 9 (3GPP TS 25.212 §4.2.3.1), which
is read back by Viterbi's algorithm (A. Viterbi, IEEE Trans. IT 13, 1967) from soft values. No pictures here.
"""

from __future__ import annotations

import binascii
import secrets
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FORMAT = 1
NUMBER_BITS = 44
_FORMAT_BITS, _CRC_BITS = 4, 16
_CRC_START = 0x1D0F  # not 0: the checksum of nothing must not be right
_GUARDED_BITS = _FORMAT_BITS + NUMBER_BITS + _CRC_BITS
_GENERATORS = (0o557, 0o663, 0o711)
_MEMORY = 8
_STATES = 1 << _MEMORY
_STEPS = _GUARDED_BITS + _MEMORY  # zeros at the end bring the encoder back to its first state
CODED_BITS = _STEPS * len(_GENERATORS)


def new_number() -> int:
    """A number for a new export that nobody can guess."""
    return secrets.randbits(NUMBER_BITS)


def name_of(number: int) -> str:
    """The number as people read it: eleven hexadecimal digits."""
    return f"{number:011x}"


def coded(number: int) -> npt.NDArray[np.int8]:
    """(CODED_BITS,) of -1 and 1 that stand for `number`. Raises ValueError for more than 44 bits."""
    if not 0 <= number < 1 << NUMBER_BITS:
        raise ValueError(f"{number} is no number of {NUMBER_BITS} bits")
    message = (FORMAT << NUMBER_BITS) | number
    guarded = (message << _CRC_BITS) | _checksum(message)
    bits = [(guarded >> place) & 1 for place in range(_GUARDED_BITS - 1, -1, -1)] + [0] * _MEMORY
    state, out = 0, []
    for bit in bits:
        register = (bit << _MEMORY) | state
        out += [2 * ((register & generator).bit_count() & 1) - 1 for generator in _GENERATORS]
        state = register >> 1
    return np.array(out, np.int8)


class Word(NamedTuple):
    """What soft values say, right or not. `checksum_off` is how the checksum differs from the right one."""

    format: int
    number: int
    checksum_off: int


def decoded(soft: npt.NDArray[np.floating]) -> int | None:
    """The number whose coded bits fit (CODED_BITS,) soft values best; None where its checksum is wrong.

    Of random values one in a million has the right checksum and format.
    """
    word = word_in(soft)
    return None if word.checksum_off or word.format != FORMAT else word.number


def word_in(soft: npt.NDArray[np.floating]) -> Word:
    """What (CODED_BITS,) soft values fit best."""
    bits = _likeliest(np.asarray(soft, np.float64).reshape(_STEPS, len(_GENERATORS)))
    guarded = int("".join(str(bit) for bit in bits[:_GUARDED_BITS]), 2)
    message, checksum = guarded >> _CRC_BITS, guarded & ((1 << _CRC_BITS) - 1)
    return Word(message >> NUMBER_BITS, message & ((1 << NUMBER_BITS) - 1), checksum ^ _checksum(message))


def _checksum(message: int) -> int:
    return binascii.crc_hqx(message.to_bytes((_FORMAT_BITS + NUMBER_BITS) // 8, "big"), _CRC_START)


def _trellis() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For each state after a step: the two it may come from, and the signs of what was sent on the way."""
    after = np.arange(_STATES)
    bit = after >> (_MEMORY - 1)
    before = np.stack([((after << 1) & (_STATES - 1)) | last for last in (0, 1)])
    registers = (bit << _MEMORY) | before
    parity = np.array([[[(int(r) & g).bit_count() & 1 for g in _GENERATORS] for r in row] for row in registers])
    return before, 2.0 * parity - 1


_BEFORE, _SIGNS = _trellis()


def _likeliest(soft: npt.NDArray[np.float64]) -> list[int]:
    """The sent bits of the best way through the trellis, which begins and ends in state 0."""
    metric = np.full(_STATES, -np.inf)
    metric[0] = 0
    chosen = np.zeros((len(soft), _STATES), np.intp)
    for step, values in enumerate(soft):
        ways = metric[_BEFORE] + _SIGNS @ values
        chosen[step] = ways.argmax(0)
        metric = ways.max(0)
    state, bits = 0, []
    for step in range(len(soft) - 1, -1, -1):
        bits.append(state >> (_MEMORY - 1))
        state = int(_BEFORE[chosen[step, state], state])
    return bits[::-1]
