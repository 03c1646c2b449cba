"""A household that speaks P1, seeded: what the tests of the home listen to. Registers are whole watt-seconds inside.

So "register = what was used" and "never falls" hold by construction, and every quarter-hour is known to the Wh beforehand.
"""

import asyncio
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx
from starlette.applications import Starlette

from kwartier.model.period import ZONE, from_epoch_s
from kwartier.wire.p1.identity import EquipmentId, Header
from kwartier.wire.p1.quantities import Quantity, Unit
from kwartier.wire.p1.telegram import Checksum, Device, DeviceKind, Peak, Profile, Telegram
from kwartier.wire.p1.write import encode

WS = 3600
METER = "4B574152544945523030303030303031"
OTHER_METER = "4B574152544945523030303030303032"
GAS_METER = "4B574152544945524741533030303031"
HEADERS = {
    Profile.DSMR_5: "KWT5\\HOME",
    Profile.DSMR_4: "KWT4\\HOME",
    Profile.DSMR_2: "KWT5 HOME",
    Profile.BELGIUM: "FLU5\\000000000_A",
}
VERSIONS = {Profile.DSMR_5: "50", Profile.DSMR_4: "42", Profile.BELGIUM: "50217"}
_APPLIANCES = (
    (90, 1200, 2400),
    (2100, 150, 21_600),
    (2400, 1500, 86_400),
    (1900, 900, 108_000),
    (1600, 1800, 5400),
    (3300, 900, 43_200),
)
"""Power in W, mean seconds on, mean seconds off."""


@dataclass
class House:
    """`at` is now, in epoch seconds; `step` lets time pass, `telegram` says what the meter says."""

    at: int
    seed: int = 1
    profile: Profile = Profile.DSMR_5
    meter: str = METER
    pv_w: int = 3800
    has_gas: bool = True
    imported: list[int] = field(default_factory=lambda: [1_234_567 * WS, 2_345_678 * WS])
    exported: list[int] = field(default_factory=lambda: [45_678 * WS, 123_456 * WS])
    gas_dm3: int = 2_345_678

    def __post_init__(self) -> None:
        """Draw the beginning."""
        self.dice = random.Random(self.seed)
        self.on = [self.dice.random() < 0.2 for _ in _APPLIANCES]
        self.cloud = 0.7
        self.power = 0
        self.phases = [0, 0, 0]
        self.quarter = (self.at // 900, 0)
        self.peak = (self.at, 0)
        self.gas_at = self.at // 300 * 300
        self.step(0)

    @property
    def is_low(self) -> bool:
        """Whether the low rate holds."""
        local = from_epoch_s(self.at).astimezone(ZONE)
        return local.weekday() > 4 or not 7 <= local.hour < 23

    def step(self, seconds: int = 1) -> "House":
        """Let time pass with the power of before, then draw the next."""
        rate = 0 if self.is_low else 1
        side = self.imported if self.power > 0 else self.exported
        side[rate] += abs(self.power) * seconds
        self._count_peak(seconds)
        before, self.at = self.at, self.at + seconds
        if self.at // 300 != before // 300:
            self.gas_at = self.at // 300 * 300
            local = from_epoch_s(self.at).astimezone(ZONE).hour
            self.gas_dm3 += int(self.dice.random() * (90 if local in {6, 7, 8, 17, 18, 19, 20, 21} else 6)) * max(1, seconds // 300)
        self._draw(max(seconds, 1))
        return self

    def _count_peak(self, seconds: int) -> None:
        number, taken = self.quarter
        taken += max(self.power, 0) * seconds
        if (self.at + seconds) // 900 != number:
            if taken // 900 > self.peak[1]:
                self.peak = ((self.at + seconds) // 900 * 900, taken // 900)
            number, taken = (self.at + seconds) // 900, 0
        self.quarter = number, taken

    def _draw(self, seconds: int) -> None:
        power = [60 + 20 * self.dice.random(), 50 + 10 * self.dice.random(), 40 + 10 * self.dice.random()]
        for number, (watt, on, off) in enumerate(_APPLIANCES):
            if self.dice.random() < seconds / (on if self.on[number] else off):
                self.on[number] = not self.on[number]
            if self.on[number]:
                power[number % 3] += watt * (0.97 + 0.06 * self.dice.random())
        self.cloud = min(1.0, max(0.05, self.cloud + self.dice.gauss(0, 0.02)))
        power[0] -= self._sun() * self.pv_w * self.cloud
        self.phases = [int(each) for each in power]
        self.power = sum(self.phases)

    def _sun(self) -> float:
        local = from_epoch_s(self.at).astimezone(ZONE)
        declination = math.radians(23.45) * math.sin(2 * math.pi * (local.timetuple().tm_yday - 81) / 365)
        hour = math.radians(15 * (local.hour + local.minute / 60 - 13.3))
        latitude = math.radians(52)
        return max(
            0.0,
            math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(hour),
        )

    def registers(self) -> tuple[int, int, int, int]:
        """Return what the meter shows, whole Wh: import low, normal, export low, normal."""
        low, normal = (each // WS for each in self.imported)
        return low, normal, self.exported[0] // WS, self.exported[1] // WS

    def values(self) -> dict[Quantity, int]:
        """Return the numbers of a telegram."""
        low, normal, out_low, out_normal = self.registers()
        first, second = (1, 0) if self.profile is Profile.BELGIUM else (0, 1)
        found = {
            Quantity.IMPORT_1: (low, normal)[first],
            Quantity.IMPORT_2: (low, normal)[second],
            Quantity.EXPORT_1: (out_low, out_normal)[first],
            Quantity.EXPORT_2: (out_low, out_normal)[second],
            Quantity.TARIFF: 1 + (first if self.is_low else second),
            Quantity.POWER_IMPORT: max(self.power, 0),
            Quantity.POWER_EXPORT: max(-self.power, 0),
        }
        if self.profile in {Profile.DSMR_5, Profile.BELGIUM}:
            for number, watt in enumerate(self.phases, 1):
                found[Quantity[f"POWER_IMPORT_L{number}"]] = max(watt, 0)
                found[Quantity[f"POWER_EXPORT_L{number}"]] = max(-watt, 0)
                found[Quantity[f"VOLTAGE_L{number}"]] = 230_000 - watt // 40 * 10
                found[Quantity[f"CURRENT_L{number}"]] = abs(watt) * 1000 // 230 // 1000 * 1000
        if self.profile is Profile.BELGIUM:
            found[Quantity.DEMAND_IMPORT] = self.quarter[1] // 900
        return found

    def telegram(self, *, clock: int | None = None) -> bytes:
        """Return what the meter says; `clock` is what it believes the time to be."""
        stamp = None if self.profile is Profile.DSMR_2 else from_epoch_s(self.at if clock is None else clock)
        devices = (Device(1, DeviceKind.GAS.value, EquipmentId(GAS_METER), from_epoch_s(self.gas_at), self.gas_dm3, Unit.DM3),)
        return encode(
            Telegram(
                Header(HEADERS[self.profile]),
                self.profile,
                VERSIONS.get(self.profile),
                stamp,
                MappingProxyType({"0-0:96.1.1": EquipmentId(self.meter)}),
                MappingProxyType(self.values()),
                Peak(from_epoch_s(self.peak[0]), self.peak[1]) if self.profile is Profile.BELGIUM else None,
                devices=devices if self.has_gas else (),
                checksum=Checksum.RIGHT,
            )
        )

    def telegrams(self, count: int, every_s: int = 1) -> Iterator[bytes]:
        """Yield so many telegrams, the first of which is of now."""
        for number in range(count):
            if number:
                self.step(every_s)
            yield self.telegram()


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks the application for pages, without a socket between them."""

    app: Starlette
    host: str = "localhost"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self._ask("GET", path, headers=headers)

    def hand_in(self, path: str, data: bytes, **headers: str) -> httpx.Response:
        """Send a file by the form of a page."""
        return self._ask("POST", path, headers=headers, files={"file": ("a.csv", data, "text/csv")})

    def post(self, path: str, content: bytes, kind: str) -> httpx.Response:
        """Send anything."""
        return self._ask("POST", path, headers={"content-type": kind}, content=content)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{self.host}") as client:
                return await client.request(method, path, **more)

        more["headers"] = {name.replace("_", "-"): value for name, value in more["headers"].items()}
        return asyncio.run(ask())
