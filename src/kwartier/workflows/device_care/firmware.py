"""S16: a signed firmware image goes to a meter, which verifies and activates it; what was tampered with goes nowhere."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import final

from kwartier.audit.events import Event, EventKind
from kwartier.devices import firmware
from kwartier.devices.errors import NotGenuine
from kwartier.keys import manufacturers
from kwartier.model.care import Chore
from kwartier.model.errors import BadInput
from kwartier.model.ground import Purpose
from kwartier.model.period import day_of
from kwartier.model.task import GapReason, Result
from kwartier.store.registry import care, facts
from kwartier.wire.dlms.client.chores import Image, ImageStatus
from kwartier.workflows.installation import Clock, Installation
from kwartier.workflows.visits import wishes
from kwartier.workflows.visits.errands import ACTOR, Done, Wish, carry


class NoSuchMeter(BadInput):
    """No meter with this number is in place."""

    code = "no-such-meter"


class OtherImage(BadInput):
    """There is another image of this version for this model: a version is one image."""

    code = "firmware-other-image"


class Ending(StrEnum):
    """How an update ended."""

    ACTIVATED = "activated"
    REFUSED_BY_METER = "refused_by_meter"
    NOT_ACTIVATED = "not_activated"
    NOT_REACHED = "not_reached"
    NO_GROUND = "no_ground"
    RAN_ALREADY = "ran_already"


@final
@dataclass(frozen=True, slots=True)
class Update:
    """How an update ended, and the version that the meter named afterwards (empty if it was not asked)."""

    ending: Ending
    version: str
    reason: GapReason | None = None


def trust(house: Installation, key: bytes) -> None:
    """Trust a manufacturer's Ed25519 key from now on. Raises BadKey."""
    manufacturers.add(house.keys, key)


def add(house: Installation, image: bytes, at: datetime) -> firmware.Firmware:
    """Take an image that a trusted manufacturer signed. Raises NotFirmware, NotGenuine, OtherImage: then nothing is kept."""
    found = firmware.check(image, manufacturers.trusted(house.keys))
    with house.operator() as c:
        if care.add_firmware(c, found.model, found.version, image, at):
            body = {"model": found.model, "version": found.version}
            house.log.record(c, [Event(at, EventKind.FIRMWARE_ADDED, ACTOR, body=body)])
        elif care.firmware(c, found.model, found.version).image != image:
            msg = "another image of this version for this model was added before"
            raise OtherImage(msg)
    return found


def load(house: Installation, meter: int, version: str, executor: Executor, *, clock: Clock) -> Update:
    """Load an added version into one meter that does not run it, and look what runs there afterwards.

    Raises NoSuchMeter, NotFound, NotGenuine.
    """
    at = clock()
    with house.operator() as c:
        there = care.by_key(c, meter, at)
        if there is None:
            msg = "no meter with this number is in place at a home"
            raise NoSuchMeter(msg)
        kept = care.firmware(c, there.model, version)
    image = _genuine(house, kept)
    before = _visit(house, there.connection, Chore.FIRMWARE, 0, {}, executor, clock)
    if before is not None and before.sight is not None and before.sight.text == version:
        return Update(Ending.RAN_ALREADY, version)
    updated = _visit(house, there.connection, Chore.UPDATE, kept.id, {kept.id: image}, executor, clock)
    if updated is None:
        return Update(Ending.NO_GROUND, "")
    if updated.result is not Result.READ or updated.sight is None:
        return Update(Ending.NOT_REACHED, "", updated.reason)
    looked = _visit(house, there.connection, Chore.FIRMWARE, 0, {}, executor, clock)
    runs = looked.sight.text if looked is not None and looked.sight is not None else ""
    return Update(_ending(updated.sight.value, is_running=runs == version), runs)


def _genuine(house: Installation, kept: care.Firmware) -> Image:
    """Check an image again, since the registry is no place of trust: its signature, and that it is the one that was asked for.

    Raises NotFirmware, NotGenuine.
    """
    found = firmware.check(kept.image, manufacturers.trusted(house.keys))
    if (found.model, found.version) != (kept.model, kept.version):
        msg = "the image that was kept is of another model or version than it was added as"
        raise NotGenuine(msg)
    return Image(found.version.encode("ascii"), found.image)


def _ending(status: int, *, is_running: bool) -> Ending:
    if status == ImageStatus.VERIFICATION_FAILED:
        return Ending.REFUSED_BY_METER
    return Ending.ACTIVATED if is_running else Ending.NOT_ACTIVATED


def _visit(  # noqa: PLR0917 - one errand at one meter
    house: Installation, connection: int, chore: Chore, number: int, images: dict[int, Image], executor: Executor, clock: Clock
) -> Done | None:
    """Do one chore at one meter; None if there is no ground."""
    found: list[Done] = []
    batches = (list(_wishes(house, connection, chore, number, clock())) for _ in range(1))
    carry(house, batches, executor, clock=clock, images=images, each=found.append)
    return found[0] if found else None


def _wishes(house: Installation, connection: int, chore: Chore, number: int, at: datetime) -> Iterator[Wish]:
    with house.looking() as c:
        (row,) = facts.rows(c, [connection], year=day_of(at).year, day=day_of(at))
    yield from wishes.under_use_cases(row, Purpose.FIRMWARE_UPDATE, (chore,), at, image=number)


def read_key(path: Path) -> bytes:
    """Read a manufacturer's key file. Raises BadKey, OSError."""
    return manufacturers.read(path.read_bytes()[:200].decode("ascii", "replace"))


def read_image(path: Path) -> bytes:
    """Read an image file. Raises NotFirmware for one that is too large to be one."""
    if path.stat().st_size > firmware.LARGEST:
        firmware.parse(b"")
    return path.read_bytes()
