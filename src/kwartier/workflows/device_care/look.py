"""S15: battery, clock, alarms and events are looked at under a registered use case; what needs care is listed."""

from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, final

from kwartier.devices import firmware, needs
from kwartier.devices.needs import Finding
from kwartier.model.care import Chore
from kwartier.model.ground import Purpose
from kwartier.store.registry import care
from kwartier.store.registry.facts import ConnectionRow
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits import wishes
from kwartier.workflows.visits.errands import Round, Wish, carry

_LOOKS: Final = (*needs.ASKED, *needs.ASKED_OF_GAS)


def look(house: Installation, executor: Executor, *, clock: Clock) -> Round:
    """Look after every meter in whose area a use case of device care is approved: its state, its events, its software.

    A limit of the use case is kept like everywhere: a meter whose visits of the year are used up is not asked.
    """
    at = clock()
    return carry(house, wishes.walk(house, at, lambda row: wanted(row, at)), executor, clock=clock)


def wanted(row: ConnectionRow, at: datetime) -> list[Wish]:
    """Return what device care would like to ask of the meter of this connection."""
    gas = row.wired is not None and row.wired.mbus > 0
    chores = needs.ASKED_OF_GAS if gas else needs.ASKED
    found = list(wishes.under_use_cases(row, Purpose.DEVICE_CARE, chores, at))
    return found if gas else [*found, *wishes.under_use_cases(row, Purpose.FIRMWARE_UPDATE, (Chore.FIRMWARE,), at)]


@final
@dataclass(frozen=True, slots=True)
class Needing:
    """A meter that needs care. `equipment_id` is what stands on it, for the fitter: personal data."""

    meter: int
    connection: int
    equipment_id: str
    area: str
    findings: tuple[Finding, ...]


def needing(house: Installation) -> list[Needing]:
    """Return the meters that need care, by what was seen last."""
    with house.operator() as c:
        seen = care.seen(c, Purpose.DEVICE_CARE, _LOOKS) + care.seen(c, Purpose.FIRMWARE_UPDATE, (Chore.FIRMWARE,))
        models = care.models(c, {one.meter for one in seen})
        newest = {model: _newest(care.versions(c, model)) for model in set(models.values())}
    found = []
    for meter, group in groupby(sorted(seen, key=lambda one: one.meter), key=lambda one: one.meter):
        mine = list(group)
        findings = needs.judge((one.sight for one in mine), newest=newest[models[meter]])
        if findings:
            first = min(mine, key=lambda one: one.connection)
            found.append(Needing(meter, first.connection, first.equipment_id, first.area, tuple(findings)))
    return found


def _newest(versions: list[str]) -> str | None:
    newest: str | None = None
    for version in versions:
        if newest is None or firmware.is_older(newest, version):
            newest = version
    return newest
