"""Whatever a meter answers in whatever state, our association gives its next event or an error, and takes nothing unsealed.

Mutated, random and genuine APDUs: 100,000 per state with --full, a seeded sample otherwise. Byte by byte: 5,000 streams per state,
which must lead where they lead whole. What an error leaves behind is a machine that can be released if the meter may hold the
association, and that does nothing else. The same for the public client, whose answers nobody seals.
"""

from collections.abc import Sequence

import pytest

import dlms_support as meter
from association_support import (
    AARE,
    APDUS,
    BEHIND,
    CHANGES,
    DATA,
    FIRST,
    GET,
    PASS_4,
    REFUSED,
    RLRE,
    SEALED_RLRE,
    SEALS,
    SECOND,
    WHOLE,
    reach,
    takes,
)
from fuzz_support import BYTE_ROUNDS, ROUNDS, inputs
from kwartier.model.register import Obis
from kwartier.wire.dlms.client.association import Answer, Established, Released, State
from kwartier.wire.dlms.client.framing import Deframer, wrap
from kwartier.wire.dlms.client.public import PublicClient, PublicState
from kwartier.wire.dlms.errors import DlmsError, PeerError


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("state", State)
def test_any_apdu_in_any_state(state: State, rounds: int) -> None:
    for apdu in inputs(APDUS, rounds, state.name):
        event = takes(reach(state), apdu)
        if event is not None and state is not State.RELEASING:
            assert any(seal in apdu for seal in SEALS), "what the meter did not seal is not taken"


def conversation(state: State, pieces: Sequence[bytes]) -> list[object]:
    """Feed these pieces of a stream; ask and release as a session does. Return what came of it, ending in the kind of an error."""
    ours, deframer = reach(state), Deframer(1, 1)
    came: list[object] = []
    try:
        for piece in pieces:
            for apdu in deframer.receive(piece):
                event = ours.receive(apdu)
                came.append(event)
                if isinstance(event, Established):
                    ours.get(GET)
                elif isinstance(event, Answer):
                    ours.release()
    except PeerError as error:
        came.append(type(error))
    return [*came, ours.state, ours.standing]


LAST = [WHOLE, RLRE, BEHIND, *CHANGES]
STREAMS = [
    b"".join(wrap(1, 1, apdu) for apdu in apdus)
    for apdus in ([AARE, PASS_4, FIRST, SECOND, RLRE], [PASS_4, WHOLE, RLRE], [FIRST, SECOND, RLRE], *([one] for one in LAST))
]


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("state", State)
def test_any_stream_byte_by_byte_leads_where_it_leads_whole(state: State, rounds: int) -> None:
    for stream in inputs(STREAMS, rounds, f"{state.name} stream"):
        pieces = [stream[at : at + 1] for at in range(len(stream))]
        assert conversation(state, pieces) == conversation(state, [stream]), stream.hex()


def test_the_streams_are_genuine() -> None:
    assert conversation(State.ASSOCIATING, [STREAMS[0]])[-3:] == [Released(), State.CLOSED, False]
    assert conversation(State.READING, [STREAMS[2]])[1] == Answer(DATA)


# The public client


COUNTER = Obis.parse("0-0:43.1.0")


def reach_public(state: PublicState) -> PublicClient:
    client = PublicClient(COUNTER)
    if state is not PublicState.IDLE:
        client.start()
    for apdu in PUBLIC_ROADS[state]:
        client.receive(apdu)
    if state is PublicState.BROKEN:
        with pytest.raises(DlmsError):
            client.receive(b"")
    assert client.state is state
    return client


TOLD = b"\xc4\x01\xc1\x00" + meter.u32(4999)
PUBLIC_ROADS: dict[PublicState, list[bytes]] = {
    PublicState.IDLE: [],
    PublicState.ASSOCIATING: [],
    PublicState.READING: [meter.PUBLIC_AARE],
    PublicState.RELEASING: [meter.PUBLIC_AARE, TOLD],
    PublicState.CLOSED: [meter.PUBLIC_AARE, TOLD, RLRE],
    PublicState.BROKEN: [meter.PUBLIC_AARE],
}
FIRST_PLAIN = b"\xc4\x02\xc1\x00\x00\x00\x00\x01\x00\x05" + meter.u32(4999)
PUBLIC_APDUS = [meter.PUBLIC_AARE, TOLD, b"\xc4\x01\xc1\x01\x03", FIRST_PLAIN, RLRE, SEALED_RLRE, REFUSED, BEHIND]


def public_takes(client: PublicClient, apdu: bytes) -> None:
    try:
        event = client.receive(apdu)
    except PeerError:
        assert client.state is PublicState.BROKEN
        if client.standing:
            client.release()
        return
    except BaseException as fault:
        fault.add_note(apdu.hex())
        raise
    assert isinstance(event, Released) == (client.state is PublicState.CLOSED)
    assert client.counter is None or 0 <= client.counter < 2**32


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("state", PublicState)
def test_any_apdu_to_the_public_client(state: PublicState, rounds: int) -> None:
    for apdu in inputs(PUBLIC_APDUS, rounds, f"public {state.name}"):
        public_takes(reach_public(state), apdu)
