"""Whatever a peer answers, each task of a meter ends READ or as a gap with its reason, in time; nothing is raised, nothing logged.

The peers are meters on real sockets of this machine that do all they should, but for one answer of each visit: that one is mutated
(as a frame, as an APDU, or as a plaintext under a genuine seal), cut, doubled, or another one, and half of them hang up after it.
5,000 meters on each event loop with --full, a seeded sample otherwise. On the way no invocation counter is used twice.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest
import uvloop

import dlms_support as meter
from fuzz_support import SEED, mutated
from headend_support import DAY, Stops, job, read_all, task
from kwartier import headend
from kwartier.model.task import GapReason, ProfileName, Result

SAMPLE, WHOLE = 250, 5_000
ROUNDS = [
    pytest.param(SAMPLE, id="sample", marks=pytest.mark.timeout(120, method="thread")),
    pytest.param(WHOLE, id="whole", marks=[pytest.mark.full, pytest.mark.timeout(900, method="thread")]),
]
"""By a thread: what hangs in a loop that is being closed hears no signal."""
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
AT_ONCE = 50
LIMITS = headend.Limits(AT_ONCE, connect_s=5, answer_s=0.3, session_s=1, tries=2, pause_s=0.01, release_s=0.1)
LONGEST_S = LIMITS.tries * (LIMITS.connect_s + LIMITS.session_s + LIMITS.pause_s) + LIMITS.connect_s + LIMITS.session_s
"""A meter's visits, and one as the public client."""
BUSY_S = 30
"""What a busy machine may take besides."""
FRAMES = 60
TASKS = (task(), task(ProfileName.G_INTERVAL, 1), task())
REASONS = frozenset(
    {
        *(GapReason.UNREACHABLE, GapReason.TIMEOUT, GapReason.DROPPED, GapReason.PROTOCOL, GapReason.AUTHENTICATION),
        *(GapReason.COUNTER, GapReason.ACCESS_DENIED, GapReason.REFUSED_ASSOCIATION),
    }
)


def resealed(draw: Random, apdu: bytes) -> bytes:
    """Mutate what is under the seal, and seal it again; what has none is mutated as it is."""
    if apdu[0] in {0xCC, 0xCF}:
        ic, plain = meter.unseal(apdu[1:], meter.THEIRS)
        return apdu[:1] + meter.seal(mutated(draw, plain), ic)
    if apdu[0] == 0x61 and b"\x28\x1f\x30" in apdu:
        return meter.aare(0, initiate=mutated(draw, meter.INITIATE_RESPONSE))
    return mutated(draw, apdu) or b"\0"


def denied(draw: Random, apdu: bytes) -> bytes:
    """Refuse a GET, whole or in the midst of blocks; another service is left as it is."""
    if apdu[0] != 0xCC:
        return apdu
    ic, plain = meter.unseal(apdu[1:], meter.THEIRS)
    return b"\xcc" + meter.seal(plain[: 3 if plain[1] == 1 else 8] + b"\x01" + draw.randbytes(1), ic)


SPOILERS: list[Callable[[Random, int, bytes], bytes]] = [
    lambda draw, port, apdu: mutated(draw, meter.frame(apdu, port)),
    lambda draw, port, apdu: meter.frame(mutated(draw, apdu) or b"\0", port),
    lambda draw, port, apdu: meter.frame(resealed(draw, apdu), port),
    lambda draw, port, apdu: meter.frame(resealed(draw, apdu), port),
    lambda draw, port, apdu: meter.frame(apdu, port)[: draw.randrange(len(apdu) + 8)],
    lambda draw, port, apdu: meter.frame(apdu, port) + draw.choice((meter.frame(apdu, port), draw.randbytes(9))),
    lambda draw, _port, _apdu: draw.randbytes(draw.randrange(3000)),
    lambda draw, port, _apdu: meter.frame(b"\xd8" + draw.randbytes(2), port),
    lambda draw, port, _apdu: meter.frame(b"\xd8\x01\x06" + draw.randbytes(draw.choice((0, 4))), port),
    lambda draw, port, apdu: meter.frame(denied(draw, apdu), port),
    lambda draw, port, _apdu: meter.frame(meter.refusal(draw.randrange(3), draw.randrange(20)), port),
]


class Spoilt:
    """A visit to a meter one of whose answers is spoilt, drawn by the number of the visit; half of them then hang up."""

    def __init__(self, visit: int) -> None:
        """Draw which answer, and in which way."""
        self.draw = Random(f"{SEED} {visit}")
        self.left = self.draw.choice((0, 1, 2, 3, 4, 5, 6, 99))
        self.hangs_up = self.draw.random() < 0.6
        self.meter = meter.Meter(DAY, pieces=self.draw.choice((1, 3)), counter=self.draw.choice((7, 5000)))

    def answer(self, port: int, apdu: bytes) -> bytes:
        """Return the bytes to answer with. Raises ConnectionAbortedError to hang up."""
        try:
            genuine = self.meter.answer(apdu)
        except AssertionError:  # we spoilt the challenge, so the client's answer to it is wrong: a meter ends it here
            raise ConnectionAbortedError from None
        self.left -= 1
        if self.left != -1:
            return meter.frame(genuine, port)
        return self.draw.choice(SPOILERS)(self.draw, port, genuine)


@asynccontextmanager
async def street() -> AsyncIterator[int]:
    """Keep peers at one port of this machine while the context lasts."""
    visits = count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Spoilt(next(visits))
        try:
            while True:
                writer.write(visit.answer(*await meter.next_apdu(reader)))
                if visit.left == -1 and visit.hangs_up:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def counters(frame: bytes) -> Iterator[int]:
    """Yield the invocation counters under which a frame of ours was sealed, and that of a GMAC within."""
    apdu = frame[8:]
    if apdu[0] in {0xC8, 0xCB}:
        ic, plain = meter.unseal(apdu[1:])
        yield ic
        if plain[0] == 0xC3:
            yield int.from_bytes(plain[-16:-12], "big")
    elif frame[2:4] == b"\x00\x01":
        yield int.from_bytes(apdu[-30:-26], "big")


async def night(first: int, port: int) -> list[headend.MeterAnswer]:
    """Read a batch of meters; fail if it takes longer than their limits allow."""
    sent: dict[int, list[int]] = {number: [] for number in range(first, first + AT_ONCE)}

    def tap(number: int, frame: bytes) -> None:
        sent[number].extend(counters(frame))

    jobs = [job(port, TASKS, number=number, frames=FRAMES) for number in sent]
    async with asyncio.timeout(LONGEST_S + BUSY_S):
        answers = [answer async for answer in headend.read(jobs, limits=LIMITS, stops=Stops(), tap=tap)]
    for answer in answers:
        used = sent[answer.meter]
        assert len(set(used)) == len(used), "no nonce twice"
        assert set(used) <= set(range(100, answer.next_ic))
    return answers


def judge(answer: headend.MeterAnswer, ends: Counter[str]) -> None:
    """Fail unless every task ended in one of the ways it may."""
    assert 100 <= answer.next_ic <= 100 + FRAMES
    assert tuple(one.task for one in answer.answers) == TASKS
    for one in answer.answers:
        if one.result is Result.READ:
            assert one.rows is not None
            assert one.reason is None
        else:
            assert one.result is Result.GAP
            assert one.rows is None
            assert one.reason in REASONS
        ends[one.reason or one.result] += 1


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("loop", LOOPS)
def test_every_conversation_ends_in_an_answer(loop: str, rounds: int) -> None:
    unforeseen: list[dict[str, Any]] = []
    ends: Counter[str] = Counter()

    async def nights() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unforeseen.append(context))
        async with street() as port:
            for first in range(0, rounds, AT_ONCE):
                for answer in await night(first, port):
                    judge(answer, ends)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(nights())
    assert unforeseen == []
    assert sum(ends.values()) == rounds * len(TASKS)
    assert ends.keys() >= {Result.READ, *REASONS - {GapReason.UNREACHABLE}}, "every end is reached"


ENDLESS = {
    "frames": meter.frame(meter.whole(DAY, 3)) * 20,
    "bytes": bytes(60_000),
    "beginnings": meter.frame(bytes(60_000))[:-1],
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_peer_that_never_stops_sending_is_hung_up_on(kind: str) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        try:
            await meter.next_apdu(reader)
            while True:
                writer.write(ENDLESS[kind])
                await writer.drain()
                sent += len(ENDLESS[kind])
        except ConnectionError:
            return
        finally:
            writer.close()

    async def once() -> headend.MeterAnswer:
        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        try:
            port = server.sockets[0].getsockname()[1]
            async with asyncio.timeout(LONGEST_S + BUSY_S):
                (answer,) = await read_all([job(port)], replace(LIMITS, tries=1))
            return answer
        finally:
            server.close()

    (one,) = asyncio.run(once()).answers
    assert one.reason is GapReason.PROTOCOL
    assert sent < 32 << 20, "what fits into the buffers of two sockets, not what the peer would send"
