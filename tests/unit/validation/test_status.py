import pytest

from kwartier.model.channel_day import Quality
from kwartier.validation import status


@pytest.mark.parametrize("byte", range(256))
def test_every_status_byte_has_its_quality(byte: int) -> None:
    not_valid = any(byte >> bit & 1 for bit in (0, 1, 2, 5))
    expected = (Quality.NOT_VALID if not_valid else 0) | (Quality.POWER_DOWN if byte >> 7 & 1 else 0)
    assert status.QUALITY[byte] == expected
    assert bool(byte & status.SPEAKS) == bool(expected)
