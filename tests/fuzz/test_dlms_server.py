"""Whatever a client sends, a meter answers, keeps silent, or raises its own typed error, and nothing else.

Random bytes, mutated genuine frames, and mutated plaintexts that are sealed correctly, so that they reach what lies behind the
ciphering. Whole: 100,000 per entrance with --full, a seeded sample otherwise. Byte by byte: 5,000; the stream of a connection is
fed so and must give what it gives whole, and a decoder of a whole PDU is given each PDU as it grows, every prefix of it.
"""

from random import Random

import pytest

from fuzz_support import BYTE_ROUNDS, ROUNDS, SEED, Decode, grown, inputs, most_memory, survives, swollen
from kwartier.wire.dlms.server import acse, moments, sealing, selection, services
from kwartier.wire.dlms.server.connection import Connection, Stage
from kwartier.wire.dlms.server.device import Counters
from kwartier.wire.dlms.server.errors import BadFrame
from kwartier.wire.dlms.server.wrapper import Unwrapper
from meter_support import (
    CLIENT,
    GAK,
    GUEK,
    INITIATE,
    NOW,
    PUBLIC_AARQ,
    STOC,
    Probe,
    ber,
    by_range,
    call,
    date_time,
    device,
    get,
    put,
    wrapped,
)

RANGE = by_range(date_time("07ea0b16ff00000000ffc400"), date_time("07ea0b17ff00000000ffc400"))
ENTRIES = bytes.fromhex("020204060000000206000000051200011200 00".replace(" ", ""))
RLRQ = bytes.fromhex("6203800100")
NEXT = bytes.fromhex("c002c100000001")
GETS = [get(7, "1-0:99.1.0", a, s) for a, s in ((2, RANGE), (2, ENTRIES), (2, b""), (3, b""), (7, b""))]
SETS = [put(1, "0-0:97.98.0", 2, bytes.fromhex("0600000002")), put(1, "0-0:96.1.1", 2, b"\x09\x02ab")]
CALLS = [call(70, "0-0:96.3.10", 1, b"\x09\x02ab"), call(70, "0-0:96.3.10", 1)]
PLAINS = [*GETS, get(1, "0-0:43.1.0", 2), get(8, "0-0:1.0.0", 2), get(15, "0-0:40.0.0", 2), NEXT, *SETS, *CALLS]


SEALER = sealing.Sealer(GUEK, GAK)


def opened(data: bytes) -> bytes:
    return SEALER.open(CLIENT, sealing.split(data))


def selected(plain: bytes) -> object:
    request = services.read_get(plain)
    return request.selected() if isinstance(request, services.Get) else None


def replied(data: bytes) -> bool:
    """The answer to a challenge is right or it is not; only the genuine one is."""
    right = SEALER.answers(CLIENT, data, STOC)
    assert not right or data == Probe().gmac(CLIENT, int.from_bytes(data[1:5], "big"), STOC)
    return right


MANAGEMENT_AARQ = Probe().aarq()
DECODERS: dict[str, tuple[Decode, list[bytes]]] = {
    "wrapper": (lambda data: list(Unwrapper().feed(data)), [wrapped(PUBLIC_AARQ, 16), wrapped(RLRQ) * 3]),
    "aarq": (acse.read_aarq, [PUBLIC_AARQ, MANAGEMENT_AARQ]),
    "rlrq": (acse.read_rlrq, [RLRQ, ber(0x62, b"\x80\x01\x00" + ber(0xBE, ber(0x04, ber(0x21, bytes(31)))))]),
    "initiate": (acse.read_initiate, [INITIATE]),
    "get": (selected, [*GETS, NEXT]),
    "set": (services.read_set, SETS),
    "action": (services.read_action, [Probe().pass_3(), *CALLS]),
    "selection": (selection.read, [RANGE, ENTRIES]),
    "date-time": (moments.read, [date_time("07ea0b16ff00000000ffc400"), date_time("07ea0a19ff021e00008000ff")]),
    "ciphered": (opened, [Probe().seal(GETS[0])]),
    "reply": (replied, [Probe().gmac(CLIENT, 9, STOC)]),
}


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_gives_a_result_or_a_typed_error(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    assert all(survives(decode, seed) for seed in seeds), "what is mutated is genuine"
    for data in inputs(seeds, rounds, name):
        survives(decode, data)


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_bears_a_pdu_that_grows_byte_by_byte(name: str, rounds: int) -> None:
    decode, seeds = DECODERS[name]
    for data in inputs(seeds, rounds, f"{name} grown"):
        for prefix in grown(data):
            survives(decode, prefix)


@pytest.mark.parametrize("name", DECODERS)
def test_a_claim_of_gigabytes_takes_no_memory(name: str) -> None:
    decode, seeds = DECODERS[name]
    claims = [data for seed in seeds for data in swollen(seed)]
    survives(decode, claims[0])
    assert most_memory(decode, claims) < 16 * 1024


# A whole connection, at every stage


def idle() -> Probe:
    return Probe(device(count=40, counters=Counters()))


def public() -> Probe:
    probe = idle()
    probe.raw(PUBLIC_AARQ, 16)
    return probe


def pending() -> Probe:
    probe = idle()
    probe.raw(probe.aarq())
    return probe


def associated() -> Probe:
    return idle().associate()


STAGES = {"idle": (idle, 1), "public": (public, 16), "pending": (pending, 1), "associated": (associated, 1)}


def frames(stage: str) -> tuple[Probe, int, list[bytes]]:
    """A probe at a stage, its client, and genuine APDUs to mutate there."""
    made, sap = STAGES[stage]
    probe = made()
    sealed = [
        ber(0xC8, probe.seal(GETS[0])),
        ber(0xDB, CLIENT) + ber(0, probe.seal(GETS[0]))[1:],
        ber(0xC9, probe.seal(SETS[0])),
        ber(0xCB, probe.seal(probe.pass_3())),
    ]
    return probe, sap, [PUBLIC_AARQ, MANAGEMENT_AARQ, RLRQ, *PLAINS, *sealed]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("stage", STAGES)
def test_any_apdu_at_any_stage_is_answered_or_met_with_silence(stage: str, rounds: int) -> None:
    _, sap, seeds = frames(stage)
    probe = STAGES[stage][0]()
    reached = probe.connection.stage
    for apdu in inputs(seeds, rounds, stage):
        if not apdu:
            continue
        probe.raw(apdu, sap)
        if probe.connection.stage is not reached:
            probe = STAGES[stage][0]()
    assert reached is Stage(stage)


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
@pytest.mark.parametrize("stage", STAGES)
def test_any_stream_byte_by_byte_gives_what_it_gives_whole(stage: str, rounds: int) -> None:
    _, sap, seeds = frames(stage)
    streams = [wrapped(seed, sap) for seed in seeds]
    for stream in inputs(streams, rounds, f"{stage} stream"):
        pieces = [stream[at : at + 1] for at in range(len(stream))]
        assert fed(stage, pieces) == fed(stage, [stream])


def fed(stage: str, pieces: list[bytes]) -> tuple[bytes, bool]:
    """Everything a fresh meter answers to these pieces, and whether it gave the stream up."""
    connection: Connection = STAGES[stage][0]().connection
    answers = b""
    for piece in pieces:
        try:
            for reply in connection.receive(piece, NOW):
                answers += reply.data
        except BadFrame:
            return answers, True
    return answers, False


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("stage", ["pending", "associated"])
def test_mutated_plaintexts_under_a_genuine_seal(stage: str, rounds: int) -> None:
    draw = Random(SEED)
    probe = STAGES[stage][0]()
    reached = probe.connection.stage
    for plain in inputs([*PLAINS, probe.pass_3()], rounds, f"{stage} sealed"):
        if probe.connection.stage is not reached or probe.ic > 2**31:
            probe = STAGES[stage][0]()
        sealed = probe.seal(plain)
        apdu = ber(0xDB, CLIENT) + ber(0, sealed)[1:] if draw.random() < 0.3 else ber(draw.choice((0xC8, 0xC9, 0xCB)), sealed)
        if len(apdu) <= 2048:
            assert probe.raw(apdu)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_mutated_initiates_under_a_genuine_seal(rounds: int) -> None:
    for initiate in inputs([INITIATE], rounds, "initiate sealed"):
        probe = idle()
        answer = probe.raw(probe.aarq(initiate=initiate))
        assert answer[:1] in {b"\x61", b"\xd8"}
