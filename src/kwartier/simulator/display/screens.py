"""What the display of an SMR 5 meter shows, one screen after the other, each with the code that stands beside it. Pure.

The codes are the last three groups of OBIS codes; the manual of the model explains each of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from kwartier.model.period import ZONE, from_epoch_s
from kwartier.simulator import smr5
from kwartier.simulator.lived import Now

TEST = "test"
"""The first screen has no code: everything lights up."""


@final
@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: its code, the characters of the large row, the unit beside them; `rate` is T1 or T2, `note` a word below."""

    code: str
    text: str
    unit: str = ""
    rate: str = ""
    note: str = ""


def screens(now: Now, equipment_id: str, status: int) -> list[Screen]:
    """Return the screens of a meter at a second; `status` is its administrative status."""
    return list(_screens(now, equipment_id, status))


def _screens(now: Now, equipment_id: str, status: int) -> Iterator[Screen]:
    local = from_epoch_s(now.at).astimezone(ZONE)
    yield Screen(TEST, "888888.888", "kWh kW m3", "T1 T2")
    for code, wh, rate in (
        ("1.8.1", now.taken[0], "low"),
        ("1.8.2", now.taken[1], "normal"),
        ("2.8.1", now.given[0], "low"),
        ("2.8.2", now.given[1], "normal"),
    ):
        yield Screen(code, _thousandths(wh, 6), "kWh", f"T{code[-1]}", rate)
    yield Screen("1.7.0", _thousandths(max(now.power_w, 0), 2), "kW")
    yield Screen("2.7.0", _thousandths(max(-now.power_w, 0), 2), "kW")
    if now.gas:
        yield Screen("24.2.1", _thousandths(now.gas.dm3, 5), "m3")
    yield Screen("96.14.0", "1" if now.is_low else "2", "", "T1" if now.is_low else "T2", "low" if now.is_low else "normal")
    yield Screen("94.31.0", str(status), "", "", "off" if status == smr5.OFF else "on")
    yield Screen("0.9.2", f"{local:%y-%m-%d}")
    yield Screen("0.9.1", f"{local:%H:%M:%S}")
    yield Screen("96.1.1", equipment_id)


def _thousandths(value: int, digits: int) -> str:
    """Write a number of thousandths with so many digits before the point."""
    return f"{value // 1000:0{digits}d}.{value % 1000:03d}"
