"""The profile is found without being told, and says what a rate is."""

import pytest

from kwartier.wire.p1.decode import decode
from kwartier.wire.p1.profile import Rate, rate_of
from kwartier.wire.p1.telegram import Profile
from p1_support import with_lines

LUXEMBOURG = ("0-0:1.0.0(191031142239W)", "0-0:42.0.0(5341)", "1-0:1.8.0(005675.956*kWh)", "0-0:17.0.0(27.600*kVA)")
SWEDEN = ("0-0:1.0.0(210524094210W)", "1-0:1.8.0(00000424.413*kWh)", "1-0:3.8.0(00000002.116*kVArh)", "1-0:31.7.0(000.4*A)")
SWITZERLAND = (
    "0-0:0.0.0(353738303337)",
    "0-0:96.1.4(50220)",
    "0-0:1.0.0(240918141228S)",
    "1-1:1.8.1(000025.600*kWh)",
    "0-0:96.1.2(2020)",
)


@pytest.mark.parametrize(
    ("header", "version", "lines", "profile"),
    [
        ("/Lux5\\253663629_D", "1-3:0.2.8(42)", LUXEMBOURG, Profile.LUXEMBOURG),
        ("/SAG5X", "1-3:0.2.8(42)", LUXEMBOURG, Profile.LUXEMBOURG),
        ("/KAM5", None, SWEDEN, Profile.SWEDEN),
        ("/KFM5KAIFA-METER", None, SWEDEN, Profile.SWEDEN),
        ("/LGZ5\\2E450", None, SWITZERLAND, Profile.SWITZERLAND),
        ("/GRE5\\GRE-METER", None, ("0-0:96.1.4(50221)", "0-0:96.1.1(31)", "1-1:1.8.1(1*kWh)"), Profile.BELGIUM),
        ("/XMX5", "1-3:0.2.8(40)", ("0-0:96.1.1(31)",), Profile.DSMR_4),
        ("/XMX5", "1-3:0.2.8(52)", ("0-0:96.1.1(31)",), Profile.DSMR_5),
        ("/XMX5", "1-3:0.2.8(30)", ("0-0:96.1.1(31)",), Profile.DSMR_3),
        ("/XMX5", "1-3:0.2.8(60)", ("0-0:96.1.1(31)",), Profile.OTHER),
        ("/XMX5", None, ("1-0:1.8.1(1*kWh)", "1-0:1.7.0(0001.01*kW)"), Profile.DSMR_2),
        ("/XMX5", None, ("1-0:1.8.1(1*kWh)", "1-0:1.7.0(001.01*kW)"), Profile.DSMR_3),
        ("/XMX5", None, (), Profile.OTHER),
    ],
)
def test_a_profile_is_found(header: str, version: str | None, lines: tuple[str, ...], profile: Profile) -> None:
    assert decode(with_lines(*lines, header=header, version=version), checked=True).profile is profile


@pytest.mark.parametrize(
    ("profile", "number", "rate"),
    [
        (Profile.DSMR_5, 1, Rate.LOW),
        (Profile.DSMR_5, 2, Rate.NORMAL),
        (Profile.DSMR_2, 1, Rate.LOW),
        (Profile.BELGIUM, 1, Rate.NORMAL),
        (Profile.BELGIUM, 2, Rate.LOW),
        (Profile.DSMR_5, 3, None),
        (Profile.DSMR_5, 0, None),
        (Profile.DSMR_5, None, None),
        (Profile.HUNGARY, 1, None),
        (Profile.OTHER, 1, None),
    ],
)
def test_low_and_normal_are_the_profiles_word(profile: Profile, number: int | None, rate: Rate | None) -> None:
    assert rate_of(profile, number) is rate
