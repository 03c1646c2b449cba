"""The AMR profile status byte (DSMR P3 4.2.2) as qualities."""

from typing import Final

import numpy as np

from kwartier.model.channel_day import Quality

ERR: Final = 0x01
CIV: Final = 0x02
DNV: Final = 0x04
DST: Final = 0x08
CAD: Final = 0x20
PDN: Final = 0x80

NOT_VALID: Final = ERR | CIV | DNV | CAD
SPEAKS: Final = np.uint8(NOT_VALID | PDN)
"""The bits that say something about the value; DST, the unused bits and SMR 5's RECOVERED_VALUE do not."""


def _quality(byte: int) -> int:
    return (Quality.NOT_VALID if byte & NOT_VALID else Quality.VALID) | (Quality.POWER_DOWN if byte & PDN else Quality.VALID)


QUALITY: Final = np.array([_quality(byte) for byte in range(256)], np.uint8)
"""The quality of each status byte."""

POWER_DOWN: Final = np.uint8(Quality.POWER_DOWN)
"""The quality of an interval in which the meter was without power; its value is good."""
