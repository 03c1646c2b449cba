"""What the value groups of an OBIS code mean."""

import pytest

from kwartier.model.register import Obis


@pytest.mark.parametrize("text", ["0-0:1.0.0", "0-0:96.1.0", "0-1:24.2.1", "0-0:99.98.0"])
def test_group_a_0_is_abstract(text: str) -> None:
    assert Obis.parse(text).is_abstract


@pytest.mark.parametrize("text", ["1-0:1.8.0", "1-0:0.2.0", "1-1:99.1.0", "7-0:3.1.0"])
def test_any_other_group_a_is_a_medium(text: str) -> None:
    assert not Obis.parse(text).is_abstract


@pytest.mark.parametrize(
    ("text", "channel", "plain"),
    [
        ("0-1:24.2.1", 1, "0-0:24.2.1"),
        ("0-4:24.3.0.7", 4, "0-0:24.3.0.7"),
        ("0-0:24.1.0", 0, "0-0:24.1.0"),
        ("0-1:94.31.0", 0, "0-1:94.31.0"),
        ("1-1:99.24.24", 0, "1-1:99.24.24"),
        ("1-1:1.8.24", 0, "1-1:1.8.24"),
    ],
)
def test_group_b_is_a_channel_of_m_bus_only_where_group_c_says_so(text: str, channel: int, plain: str) -> None:
    obis = Obis.parse(text)
    assert (obis.mbus, obis.on_any_channel) == (channel, Obis.parse(plain))
