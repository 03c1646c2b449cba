"""How each chore goes, request by request, sans-IO: a generator that yields a `Step` and is sent the answer's data.

A refusal of the meter is thrown into the generator as AccessRefused; most chores let it end them. `Pause` asks to wait: an image
takes a meter some seconds to verify (DSMR P3 4.2.2, 5.9: class 18, 0-0:44.0.0).
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple, final

from kwartier.model.care import LOGS, AdministrativeStatus, Chore, Errand
from kwartier.model.meter import CareObject, MeterModel
from kwartier.wire.dlms import lengths
from kwartier.wire.dlms.client import objects, selector, xdlms
from kwartier.wire.dlms.errors import AccessRefused, Malformed, Misuse


class Service(Enum):
    """Which service a step uses."""

    GET = auto()
    SET = auto()
    ACT = auto()


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One request, in plaintext."""

    service: Service
    plain: bytes


@final
@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds; the answer is empty."""

    seconds: float


class Seen(NamedTuple):
    """What a chore found; see model.care.Sight. The value of CLOCK is the meter's own time in epoch seconds."""

    value: int = 0
    text: str = ""
    entries: tuple[tuple[int, int], ...] = ()
    levels_dv: tuple[int, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Image:
    """A firmware image to load: `identification` as the meter will name it, and all its bytes."""

    identification: bytes
    data: bytes


class ImageStatus:
    """Values of image_transfer_status."""

    VERIFIED: Final = 3
    VERIFICATION_FAILED: Final = 4
    ACTIVATED: Final = 6
    ACTIVATION_FAILED: Final = 7


Steps = Generator[Step | Pause, bytes, Seen]

_BLOCK_SIZE, _FIRST_MISSING, _ENABLED, _STATUS, _TO_ACTIVATE = 2, 4, 5, 6, 7
_INITIATE, _TRANSFER, _VERIFY, _ACTIVATE = 1, 2, 3, 4
_TRUE: Final = b"\x03\x01"
_ZERO: Final = b"\x0f\x00"
_LEAST_BLOCK, _MOST_BLOCK = 16, 1 << 16
_BLOCK_HEAD: Final = 32
"""Bytes of a block transfer request that are no image."""
_FIRST_MBUS_EVENT, _PER_CHANNEL = 100, 10
"""Event codes of M-Bus channel 1 (DSMR P3 4.2.2, 6.1); those of the next channels follow, ten each."""
_POLL_S: Final = 0.5
_POLLS: Final = 120
_ROUNDS: Final = 3
"""How often blocks that the meter misses are sent."""


def steps(errand: Errand, model: MeterModel, *, room: int, image: Image | None = None) -> Steps:
    """Return the steps of an errand at a meter that takes `room` bytes in a request. Raises Misuse where the model cannot do it."""
    found = model.objects_of(errand.chore)
    if not found:
        msg = "this model of meter has no such object"
        raise Misuse(msg)
    if errand.chore is Chore.UPDATE:
        if image is None:
            msg = "an update without an image"
            raise Misuse(msg)
        return _update(found[0], image, room)
    if errand.chore in LOGS:
        return _log(found[0], errand)
    if errand.chore is Chore.VOLTAGES:
        return _voltages(found)
    return _OTHERS[errand.chore](_placed(found[0], errand.mbus))


def _placed(one: CareObject, mbus: int) -> CareObject:
    return CareObject(one.chore, one.class_id, selector.on_channel(one.obis, mbus), one.attribute)


def _get(one: CareObject, attribute: int = 0) -> Step:
    return Step(Service.GET, xdlms.get(one.class_id, one.obis, attribute or one.attribute))


def _set(one: CareObject, data: bytes, attribute: int = 0) -> Step:
    return Step(Service.SET, xdlms.set_attribute(one.class_id, one.obis, attribute or one.attribute, data))


def _act(one: CareObject, method: int, parameter: bytes) -> Step:
    return Step(Service.ACT, xdlms.action(one.class_id, one.obis, method, parameter))


def _number(one: CareObject) -> Steps:
    return Seen(objects.number((yield _get(one))))


def _moment(one: CareObject) -> Steps:
    return Seen(objects.moment((yield _get(one))))


def _text(one: CareObject) -> Steps:
    return Seen(text=objects.text((yield _get(one))))


def _log(one: CareObject, errand: Errand) -> Steps:
    """Ask for the rows of the range only: what else the log holds is not asked for."""
    rows = selector.by_clock(errand.first_s, errand.last_s)
    data = yield Step(Service.GET, xdlms.get(one.class_id, one.obis, one.attribute, rows))
    within = (row for row in objects.log(data) if errand.first_s <= row[0] <= errand.last_s)
    if errand.chore is Chore.GAS_EVENTS:
        within = (row for row in within if row[1] in _codes_on(errand.mbus))
    return Seen(entries=tuple(sorted(within)))


def _codes_on(mbus: int) -> range:
    """Return the codes about one M-Bus channel: a meter has one log for all, and on another channel hangs another meter."""
    first = _FIRST_MBUS_EVENT + _PER_CHANNEL * (mbus - 1)
    return range(first, first + _PER_CHANNEL)


def _voltages(phases: tuple[CareObject, ...]) -> Steps:
    """A meter with one phase has no object for the others."""
    levels = []
    for place, one in enumerate(phases):
        try:
            levels.append(objects.level((yield _get(one))))
        except AccessRefused:
            if place == 0:
                raise
            break
    return Seen(levels_dv=tuple(levels))


def _clear(one: CareObject) -> Steps:
    yield _set(one, b"\x06" + bytes(4))
    return Seen(objects.number((yield _get(one))))


def _switch(status: int) -> Callable[[CareObject], Steps]:
    def go(one: CareObject) -> Steps:
        """Set it, and look: what counts is what the meter says afterwards."""
        yield _set(one, bytes((0x16, status)))
        return Seen(objects.number((yield _get(one))))

    return go


_OTHERS: Final[Mapping[Chore, Callable[[CareObject], Steps]]] = {
    Chore.CLOCK: _moment,
    Chore.FIRMWARE: _text,
    Chore.ALARMS: _number,
    Chore.ERRORS: _number,
    Chore.GAS_STATUS: _number,
    Chore.ADMINISTRATIVE_STATUS: _number,
    Chore.CLEAR_ALARMS: _clear,
    Chore.SWITCH_OFF: _switch(AdministrativeStatus.OFF),
    Chore.SWITCH_ON: _switch(AdministrativeStatus.ON),
}


def _update(one: CareObject, image: Image, room: int) -> Steps:
    """Transfer, verify, activate. Ends with the image status: activation itself follows when the association is over.

    A meter that does not take the image says so by its status; that is an answer, not an error.
    """
    size = objects.number((yield _get(one, _BLOCK_SIZE)))
    if not _LEAST_BLOCK <= size <= _MOST_BLOCK:
        msg = "an image block of a size that cannot be"
        raise Malformed(msg)
    if room and size + _BLOCK_HEAD > room:
        msg = "an image block that the meter's own PDU cannot hold"
        raise Malformed(msg)
    if not objects.number((yield _get(one, _ENABLED))):
        yield _set(one, _TRUE, _ENABLED)
    about = _octets(image.identification) + _u32(len(image.data))
    yield _act(one, _INITIATE, b"\x02\x02" + about)
    yield from _transfer(one, image.data, size)
    status = yield from _verified(one)
    if status == ImageStatus.VERIFIED:
        wanted = objects.Image(len(image.data), image.identification, b"")
        ready = objects.images((yield _get(one, _TO_ACTIVATE)))
        if all(each._replace(signature=b"") != wanted for each in ready):
            msg = "the meter would activate another image than was sent"
            raise Malformed(msg)
        yield from _patiently(_act(one, _ACTIVATE, _ZERO))
        status = objects.number((yield _get(one, _STATUS)))
    return Seen(status)


def _transfer(one: CareObject, data: bytes, size: int) -> Generator[Step | Pause, bytes, None]:
    """Send every block, then those from the first that the meter misses, a few rounds."""
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    first = 0
    for _ in range(_ROUNDS):
        for place in range(first, len(blocks)):
            yield _act(one, _TRANSFER, b"\x02\x02" + _u32(place) + _octets(blocks[place]))
        first = objects.number((yield _get(one, _FIRST_MISSING)))
        if first >= len(blocks):
            return
    msg = "the meter loses blocks of the image"
    raise Malformed(msg)


def _verified(one: CareObject) -> Generator[Step | Pause, bytes, int]:
    """Have the image verified, and look at the status until it is decided."""
    try:
        yield _act(one, _VERIFY, _ZERO)
    except AccessRefused as refused:
        refused.with_traceback(None)  # not now, or no: the status says which
    for _ in _polls():
        status = objects.number((yield _get(one, _STATUS)))
        if status in {ImageStatus.VERIFIED, ImageStatus.VERIFICATION_FAILED}:
            return status
        yield Pause(_POLL_S)
    msg = "the meter does not come to an end with verifying"
    raise Malformed(msg)


def _patiently(step: Step) -> Generator[Step | Pause, bytes, None]:
    """Do a step again for as long as the meter says: not now."""
    for _ in _polls():
        try:
            yield step
        except AccessRefused as refused:
            if refused.result != xdlms.TEMPORARY_FAILURE:
                raise
        else:
            return
        yield Pause(_POLL_S)
    msg = "the meter says for ever: not now"
    raise Malformed(msg)


def _polls() -> Iterator[int]:
    return iter(range(_POLLS))


def _octets(data: bytes) -> bytes:
    return b"\x09" + lengths.encode(len(data)) + data


def _u32(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4, "big")
