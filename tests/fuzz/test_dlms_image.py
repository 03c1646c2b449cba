"""Whatever a client does with an image transfer, the meter answers, and its transfer stays whole.

Mutated turns under a genuine seal, genuine turns in any order, and parameters as they grow: 100,000 with --full, a seeded sample
otherwise.
"""

from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from fuzz_support import BYTE_ROUNDS, ROUNDS, SEED, grown, inputs, most_memory, survives, swollen
from kwartier.wire.dlms.errors import DlmsError
from kwartier.wire.dlms.server.connection import Stage
from kwartier.wire.dlms.server.image import BLOCK_SIZE, MOST_SIZE, Status, Transfer
from kwartier.wire.dlms.server.imageobject import ImageTransfer
from meter_support import NOW, Probe, ber, call, device, get, put

RLRQ = bytes.fromhex("6203800100")


class Anybody:
    """A meter that runs what it is given, if that is not too short."""

    def judge(self, image: bytes) -> bytes | None:
        return image[:4] if len(image) % 2 else None

    def verified(self, identification: bytes, image: bytes, at: int) -> None:
        del at
        assert image
        assert len(identification) < 1024

    def run(self, image: bytes, at: int) -> None:
        del at
        assert image


def transferring() -> tuple[Probe, Transfer]:
    """An associated client at a meter whose image transfer is enabled and initiated."""
    transfer = Transfer(Anybody())
    shown = ImageTransfer(transfer)
    transfer.enabled = True
    transfer.initiate(b"5.0.2", 1201)
    return Probe(replace(device(count=4), objects=lambda: {shown.obis: shown}, left=transfer.end)).associate(), transfer


IMAGE = "0-0:44.0.0"
INITIATE_IMAGE = call(18, IMAGE, 1, bytes.fromhex("02020905352e302e3206000004b1"))
BLOCKS = [
    call(18, IMAGE, 2, b"\x02\x02\x06" + bytes((0, 0, 0, n)) + ber(9, bytes(size))) for n, size in ((0, 512), (1, 512), (2, 177))
]
TURNS = [call(18, IMAGE, method, b"\x0f\x00") for method in (3, 3, 4)]
ENABLE = [put(18, IMAGE, 5, b"\x03\x01"), put(18, IMAGE, 5, b"\x03\x00")]
LOOKS = [get(18, IMAGE, attribute) for attribute in range(1, 9)]
UPDATE = [INITIATE_IMAGE, *BLOCKS, *BLOCKS, *TURNS, ENABLE[0], *LOOKS]


def held(transfer: Transfer) -> None:
    """Whatever was said, no block is counted that is not there, and the meter holds no more than it has room for."""
    assert 0 <= transfer.size <= MOST_SIZE
    assert len(transfer.there) == -(-transfer.size // BLOCK_SIZE)
    assert sum(transfer.there) <= len(transfer.there)
    assert transfer.first_missing == next((n for n, there in enumerate(transfer.there) if not there), len(transfer.there))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_any_mutated_turn_of_an_image_transfer_is_answered(rounds: int) -> None:
    draw = Random(f"{SEED} image")
    probe, transfer = transferring()
    for turn, plain in enumerate(inputs([*UPDATE, ENABLE[1]], rounds, "image sealed")):
        if turn % 500 == 499 or probe.connection.stage is not Stage.ASSOCIATED:
            probe, transfer = transferring()
        sealed = probe.seal(plain)
        apdu = ber(draw.choice((0xC8, 0xC9, 0xCB)) if draw.random() < 0.1 else (plain[:1] or b"\xc0")[0] + 8 & 0xFF, sealed)
        if len(apdu) <= 2048:
            assert probe.raw(apdu)
        held(transfer)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_genuine_turns_in_any_order_keep_the_transfer_whole(rounds: int) -> None:
    draw = Random(f"{SEED} image order")
    seen: set[Status] = set()
    probe, transfer = transferring()
    for turn in range(rounds):
        if turn % 200 == 199:
            probe.raw(RLRQ)
            seen.add(transfer.status(NOW))
            probe, transfer = transferring()
        plain = draw.choice(UPDATE if draw.random() < 0.9 else [*UPDATE, *ENABLE])
        if plain is INITIATE_IMAGE and draw.random() < 0.8:
            continue
        answer = probe.glo(plain)
        assert answer[:1] in {b"\xc4", b"\xc5", b"\xc7"}
        held(transfer)
        seen.add(transfer.status(NOW))
    assert seen >= {Status.INITIATED, Status.VERIFIED, Status.ACTIVATING, Status.ACTIVATED}


def image_turn(plain: bytes) -> None:
    """What the object makes of a parameter."""
    probe, transfer = transferring()
    del probe
    shown = ImageTransfer(transfer)
    if plain[:1] == b"\x03":
        shown.set(5, plain, NOW)
    else:
        for method in (1, 2, 3, 4):
            with suppress(DlmsError):
                shown.act(method, plain, NOW)
        held(transfer)


PARAMETERS = [plain[13:] for plain in (INITIATE_IMAGE, *BLOCKS, TURNS[0])] + [b"\x03\x01"]


@pytest.mark.parametrize("rounds", BYTE_ROUNDS)
def test_any_parameter_of_an_image_transfer_as_it_grows(rounds: int) -> None:
    for data in inputs(PARAMETERS, rounds, "image parameter"):
        for prefix in grown(data[:64]):
            survives(image_turn, prefix)


def test_an_image_of_gigabytes_takes_no_memory() -> None:
    transfer = Transfer(Anybody())
    transfer.enabled = True
    shown = ImageTransfer(transfer)
    claims = [data for seed in PARAMETERS[:2] for data in swollen(seed)]
    survives(lambda data: shown.act(1, data, NOW), claims[0])
    assert most_memory(lambda data: shown.act(1, data, NOW), [*claims, bytes.fromhex("02020901ab06ffffffff")]) < 16 * 1024
