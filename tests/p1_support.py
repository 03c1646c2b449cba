"""Telegrams for the tests: those of the data set, a plain description of a decoded one, and strategies that make them up."""

import lzma
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from kwartier.model.period import ZONE
from kwartier.wire.p1.identity import EquipmentId, Header
from kwartier.wire.p1.layouts import LAYOUTS
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Device, MonthClose, MonthPeak, Peak, PowerFailure, Profile, Raw, Telegram

DATA = Path(__file__).parent / "data" / "p1"
NAMES = sorted(path.relative_to(DATA).as_posix().removesuffix(".telegram") for path in DATA.glob("*/*.telegram"))
DSMR_5 = "nielsbasjes__dsmr-tools/TestDsmrParserOnRealDSMR5.java.1"
FRAME = DATA / "esphome-libs__dsmr_parser" / "encrypted_packet.bin"


def raw(name: str = DSMR_5) -> bytes:
    """The bytes of a telegram of the set."""
    return (DATA / f"{name}.telegram").read_bytes()


def recording() -> bytes:
    """The ten minutes of one meter at one telegram a second."""
    return lzma.decompress((DATA / "nielsbasjes__dsmr-tools" / "ttyUSB0-raw.txt.xz").read_bytes())


def with_lines(*lines: str, header: str = "/ISK5\\2M550T-1012", version: str | None = "1-3:0.2.8(50)") -> bytes:
    """A telegram of these lines without a checksum; decode it with `checked=True`."""
    rows = [header, "", *([version] if version else []), *lines]
    return "".join(f"{row}\r\n" for row in rows).encode("latin-1") + b"!\r\n"


def shown(moment: datetime | None) -> str:
    """A moment as the table of expected values has it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "None"


def described(telegram: Telegram) -> list[tuple[str, str]]:
    """What a telegram says, in the words of the table of expected values."""
    rows: list[tuple[str, Any]] = [("crc", telegram.checksum), ("profile", telegram.profile), ("version", telegram.version)]
    rows.append(("at", shown(telegram.at)))
    rows += [(f"id {code}", found.reveal()) for code, found in telegram.ids.items()]
    rows += list(telegram.values.items())
    rows += [("peak", f"{shown(telegram.peak.at)} {telegram.peak.power_w}")] if telegram.peak else []
    rows += [
        (f"month_peak {number}", f"{shown(each.month_end)} {shown(each.peak.at)} {each.peak.power_w}")
        for number, each in enumerate(telegram.month_peaks, 1)
    ]
    if telegram.month_close:
        rows.append(("month_close 0", shown(telegram.month_close.at)))
        rows += [
            (f"month_close {number}", f"{value} {unit}") for number, (unit, value) in enumerate(telegram.month_close.values, 1)
        ]
    rows += [(f"failure {number}", f"{shown(each.ended_at)} {each.duration_s}") for number, each in enumerate(telegram.failures, 1)]
    rows += [(f"message {number}", text.hex()) for number, text in telegram.messages.items()]
    rows += [(f"device {each.channel}", _device(each)) for each in telegram.devices]
    rows += [("other", f"{each.code}{each.content.decode('latin-1')}") for each in telegram.others]
    rows += [("fault", f"{fault.line} {fault.kind}") for fault in telegram.faults]
    return sorted((str(what), str(value)) for what, value in rows)


def _device(device: Device) -> str:
    value = "none" if device.value is None else f"{device.value} {device.unit}"
    name = device.id.reveal() if device.id else None
    return f"type={device.type} id={name} at={shown(device.at)} value={value} valve={device.valve}"


# Made up

IDS = st.text("0123456789ABCDEFabcdefGHIJ -_", min_size=1, max_size=34).map(EquipmentId)
MOMENTS = st.datetimes(datetime(2005, 1, 1, 1), datetime(2069, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the zone is given apart
    lambda moment: moment.replace(microsecond=0)
)
MAYBE = st.none() | MOMENTS
NUMBERS = st.integers(0, 10**11)
PEAKS = st.builds(Peak, MAYBE, NUMBERS)
FAILURES = st.lists(st.builds(PowerFailure, MAYBE, st.integers(0, 10**11)), max_size=10).map(tuple)
CLOSES = st.builds(
    MonthClose,
    MOMENTS,
    st.lists(st.tuples(st.sampled_from((Unit.WH, Unit.VARH, Unit.W, Unit.VAR)), NUMBERS), min_size=1, max_size=20).map(tuple),
)
RAWS = st.builds(
    Raw,
    st.sampled_from(("9-9:99.99.99", "0-3:94.32.1", "1-0:96.5.5")),
    st.binary(max_size=20).map(lambda b: b"(%s)" % b.hex().encode()),
)
HEADERS = {
    Profile.DSMR_2: "ISk5\\2MT382-1003",
    Profile.DSMR_3: "ISk5\\2MT382-1000",
    Profile.DSMR_4: "KFM5KAIFA-METER",
    Profile.DSMR_5: "ISK5\\2M550T-1012",
    Profile.BELGIUM: "FLU5\\253769484_A",
    Profile.LUXEMBOURG: "Lux5\\253663629_D",
    Profile.SWEDEN: "KAM5",
    Profile.AUSTRIA: "EST5\\253710000_A",
    Profile.HUNGARY: "SAG5SAG-METER",
    Profile.SWITZERLAND: "LGZ5\\2E450",
    Profile.ISKRA_IE: "ISk5\x02MIE5T-200",
    Profile.Q3D: "ESY5Q3DB1024 V3.04",
    Profile.OTHER: "TEST",
}
VERSIONS = {
    Profile.DSMR_4: "42",
    Profile.DSMR_5: "50",
    Profile.BELGIUM: "50217",
    Profile.LUXEMBOURG: "42",
    Profile.AUSTRIA: "50",
    Profile.SWITZERLAND: "50220",
}
KEYS = {
    Profile.LUXEMBOURG: "0-0:42.0.0",
    Profile.HUNGARY: "0-0:42.0.0",
    Profile.SWITZERLAND: "0-0:0.0.0",
    Profile.ISKRA_IE: "0-0:96.1.0",
    Profile.Q3D: "1-0:0.0.0",
}
NEEDED = {
    Profile.DSMR_2: (Quantity.IMPORT_1,),
    Profile.DSMR_3: (Quantity.IMPORT_1, Quantity.POWER_IMPORT),
    Profile.SWEDEN: (Quantity.IMPORT,),
    Profile.AUSTRIA: (Quantity.IMPORT, Quantity.REACTIVE_IMPORT),
}
WITHOUT_OWN_ID = {Profile.SWEDEN, Profile.AUSTRIA, Profile.OTHER}
LIMITS = (Quantity.LIMIT_POWER, Quantity.LIMIT_APPARENT, Quantity.LIMIT_CURRENT)


@st.composite
def devices(draw: st.DrawFn, *, old: bool) -> tuple[Device, ...]:
    """Up to four devices, some of them dead."""
    found = []
    for channel in sorted(draw(st.sets(st.integers(1, 8), max_size=4))):
        at = draw(MAYBE)
        if old and at is not None and at.astimezone(ZONE).fold:
            at = None  # the second of two equal hours cannot be told without a letter
        unit = draw(st.none() | st.sampled_from((Unit.DM3, Unit.KJ, Unit.WH)))
        value = None if unit is None else draw(NUMBERS)
        kind = draw(st.none() | st.sampled_from((2, 3, 4, 7, 10, 303)))
        found.append(Device(channel, kind, draw(st.none() | IDS), at, value, unit, draw(st.none() | st.integers(0, 4))))
    return tuple(found)


@st.composite
def telegrams(draw: st.DrawFn, profile: Profile) -> Telegram:
    """A telegram that a meter of this profile might send, with more than its profile has now and then."""
    own = [q for q in Quantity if f"{q.code} " in LAYOUTS[profile].replace("1-1:", "1-0:").replace("*255", "") and q not in LIMITS]
    values = draw(st.dictionaries(st.sampled_from(own or [Quantity.POWER_NET, Quantity.SAGS_L1]), NUMBERS))
    values |= {quantity: draw(NUMBERS) for quantity in NEEDED.get(profile, ())}
    if profile is Profile.DSMR_3:  # only the width of its power tells it from DSMR 2.2
        values[Quantity.POWER_IMPORT] = 10 * draw(st.integers(0, 99999))
    values |= {draw(st.sampled_from(LIMITS)): draw(NUMBERS)} if draw(st.booleans()) else {}
    values |= {Quantity.POWER_NET: draw(st.integers(-(10**9), 10**9))} if draw(st.booleans()) else {}
    ids = {} if profile in WITHOUT_OWN_ID else {KEYS.get(profile, "0-0:96.1.1"): draw(IDS)}
    old = profile in {Profile.DSMR_2, Profile.DSMR_3}
    at = None if old or profile in {Profile.Q3D, Profile.OTHER} else draw(MOMENTS)
    history = draw(st.sampled_from(("none", "peaks", "close")))
    return Telegram(
        Header(HEADERS[profile]),
        profile,
        VERSIONS.get(profile),
        at,
        ids,
        values,
        draw(st.none() | PEAKS),
        tuple(draw(st.lists(st.builds(MonthPeak, MAYBE, PEAKS), min_size=1, max_size=13))) if history == "peaks" else (),
        draw(CLOSES) if history == "close" else None,
        draw(FAILURES),
        draw(st.dictionaries(st.integers(0, 5), st.binary(max_size=60), max_size=3)),
        draw(devices(old=old)),
        tuple(draw(st.lists(RAWS, max_size=2))),
    )


def codes(data: bytes) -> list[str]:
    """The object codes of a telegram in the order of its lines."""
    return re.findall(r"^([0-9][^(\r]*)\(", data.decode("latin-1"), re.MULTILINE)
