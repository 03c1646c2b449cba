"""An association of ours in any state, by genuine answers; what it may do with the next one; and answers to mutate."""

from collections.abc import Callable

import pytest

import dlms_support as meter
from kwartier.headend.request import Requests
from kwartier.model.register import Obis
from kwartier.wire.dlms.client import xdlms
from kwartier.wire.dlms.client.association import Answer, Association, Established, Event, Released, Send, State
from kwartier.wire.dlms.client.ciphering import Counters
from kwartier.wire.dlms.errors import AccessRefused, Misuse, OutOfTurn, PeerError

MODEL = meter.smr5()
PROFILE = MODEL.profiles[0]
BOUNDS = Requests().bounds(MODEL)
GET = xdlms.get(7, PROFILE.obis, 2)
SET = xdlms.set_attribute(1, Obis.parse("0-1:94.31.0"), 2, b"\x16\x01")
ACT = xdlms.action(18, Obis.parse("0-0:44.0.0"), 3, b"\x0f\x00")
DATA = meter.array([meter.u32(number) for number in range(20)])
LAST = 200
"""The end of the counters that were reserved."""

AARE, PASS_4, RLRE = meter.aare(0), meter.pass_4(1), meter.RLRE
WHOLE, FIRST, SECOND = meter.whole(DATA, 2), meter.block(1, DATA[:50], 2, last=False), meter.block(2, DATA[50:], 3, last=True)
WRITTEN, NOT_WRITTEN = (b"\xcd" + meter.seal(bytes.fromhex(plain), 2) for plain in ("c501c100", "c501c103"))
ACTED, NOT_ACTED = (b"\xcf" + meter.seal(bytes.fromhex(plain), 2) for plain in ("c701c10001000f05", "c701c10200"))
SEALED_RLRE = meter.tlv(0x63, b"\x80\x01\x00" + meter.tlv(0xBE, meter.tlv(4, b"\x28" + meter.seal(meter.INITIATE_RESPONSE, 2))))
REFUSED, BEHIND = meter.refusal(), b"\xd8\x01\x06\x00\x00\x13\x88"
GENERAL = [b"\xdb\x08" + meter.THEIRS + apdu[1:] for apdu in (PASS_4, WHOLE, FIRST)]
EMPTY = meter.tlv(0x61, AARE[2:-37] + meter.tlv(0xBE, meter.tlv(4, b"")))
"""An AARE without the initiate-response that is due."""
CHANGES = [WRITTEN, NOT_WRITTEN, ACTED, NOT_ACTED]
APDUS = [AARE, EMPTY, PASS_4, RLRE, WHOLE, FIRST, SECOND, SEALED_RLRE, *CHANGES, REFUSED, BEHIND, *GENERAL]
SEALS = [AARE[-31:], *(apdu[-29:] for apdu in (PASS_4, WHOLE, FIRST, SECOND, SEALED_RLRE)), *(apdu[-16:] for apdu in CHANGES)]


def reach(state: State) -> Association:
    """Return an association that came to this state by genuine answers; the meter's next counter is 2 once it is READY."""
    ours = Association(meter.SECRETS, Counters(1, LAST), meter.CHALLENGE, BOUNDS)
    way = ROADS[state]
    for step in way:
        step(ours)
    assert ours.state is state
    return ours


def fail(ours: Association) -> None:
    with pytest.raises(OutOfTurn):
        ours.receive(b"")


def step(apdu: bytes) -> Callable[[Association], object]:
    return lambda ours: ours.receive(apdu)


HELLO: list[Callable[[Association], object]] = [Association.associate]
PROVED = [*HELLO, step(AARE)]
OPEN = [*PROVED, step(PASS_4)]
ASKED = [*OPEN, lambda ours: ours.get(GET)]
ROADS: dict[State, list[Callable[[Association], object]]] = {
    State.IDLE: [],
    State.ASSOCIATING: HELLO,
    State.AUTHENTICATING: PROVED,
    State.READY: OPEN,
    State.READING: ASKED,
    State.WRITING: [*OPEN, lambda ours: ours.set(SET)],
    State.ACTING: [*OPEN, lambda ours: ours.act(ACT)],
    State.RELEASING: [*OPEN, Association.release],
    State.CLOSED: [*OPEN, Association.release, step(RLRE)],
    State.BROKEN: [*OPEN, fail],
}
NEXT: dict[State, tuple[type[Event], State]] = {
    State.ASSOCIATING: (Send, State.AUTHENTICATING),
    State.AUTHENTICATING: (Established, State.READY),
    State.READING: (Answer, State.READY),
    State.WRITING: (Answer, State.READY),
    State.ACTING: (Answer, State.READY),
    State.RELEASING: (Released, State.CLOSED),
}
"""What may follow in each state, and where it leads; a GET may also go on with a next block. In the others nothing may."""


def takes(ours: Association, apdu: bytes) -> Event | None:
    """Give the machine one APDU; fail unless it does what it may. Returns its event, None for an error."""
    before = ours.state
    try:
        event = ours.receive(apdu)
    except AccessRefused:
        assert before in {State.READING, State.WRITING, State.ACTING}
        assert ours.state is State.READY
        return None
    except PeerError:
        assert ours.state is State.BROKEN
        leave(ours)
        return None
    except BaseException as fault:
        fault.add_note(f"in {before.name}: {apdu.hex()}")
        raise
    expected, after = NEXT[before]
    if before is State.READING and isinstance(event, Send):
        assert ours.state is State.READING
    else:
        assert isinstance(event, expected)
        assert ours.state is after
    return event


def leave(ours: Association) -> None:
    """Release what stands; what does not cannot be released."""
    if ours.standing:
        assert ours.release()[8] == 0x62
    else:
        with pytest.raises(Misuse):
            ours.release()
