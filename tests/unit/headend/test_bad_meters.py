"""Meters that are wrong in every way we know of: always a gap with its reason, never an exception, and always a release."""

import asyncio
import contextlib
import gc
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import dlms_support as meter
from headend_support import DAY, MODEL, QUICK, Stops, job, read_all, task
from kwartier import headend
from kwartier.model.task import GapReason, ProfileName, Result
from kwartier.wire.dlms.client.ciphering import Secrets

AARQ, ACTION, GET, RLRQ = 0x60, 0xCB, 0xC8, 0x62
TESTS = str(Path(__file__).parents[2])


def read_one(script: meter.Script, limits: headend.Limits = QUICK, **how: int) -> tuple[headend.MeterAnswer, meter.Street]:
    """Read one meter that follows the script."""

    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(script, DAY, **how).listening() as street:
            (answer,) = await read_all([job(street.port)], limits)
            await asyncio.sleep(0.02)
            return answer, street

    return asyncio.run(night())


def spoiling(tag: int, spoilt: bytes | None, *, visits: int = 99) -> meter.Script:
    """Return a script that answers the APDU with this tag with these bytes (None: hang up), on the first so many visits."""

    def script(visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes | None:
        if apdu[0] == tag and visit <= visits and port == 1:
            return spoilt
        return meter.frame(theirs.answer(apdu), port)

    return script


def outcome(answer: headend.MeterAnswer) -> tuple[Result, GapReason | None]:
    (one,) = answer.answers
    return one.result, one.reason


FRAME = meter.frame
TAMPERED = FRAME(meter.whole(DAY, 2)[:-1] + b"\x00")
UNASKED = FRAME(meter.whole(DAY, 2)) + FRAME(meter.whole(DAY, 3))


@pytest.mark.parametrize(
    ("tag", "spoilt", "reason", "visits"),
    [
        (AARQ, FRAME(meter.refusal()), GapReason.REFUSED_ASSOCIATION, 1),
        (AARQ, b"HTTP/1.1 400 Bad Request\r\n\r\n", GapReason.PROTOCOL, 2),
        (AARQ, FRAME(meter.aare(title=b"TST\x00\x00\x00\x00\x0a")), GapReason.AUTHENTICATION, 1),
        (AARQ, FRAME(b"\x61\x00"), GapReason.PROTOCOL, 2),
        (AARQ, FRAME(b"\xd8\x01\x01"), GapReason.PROTOCOL, 2),
        (AARQ, FRAME(b"\xd8\x01\x05"), GapReason.AUTHENTICATION, 1),
        (ACTION, FRAME(meter.pass_4(1, bytes(16))), GapReason.AUTHENTICATION, 1),
        (ACTION, None, GapReason.DROPPED, 2),
        (ACTION, b"", GapReason.TIMEOUT, 2),
        (GET, None, GapReason.DROPPED, 2),
        (GET, b"", GapReason.TIMEOUT, 2),
        (GET, FRAME(meter.whole(DAY, 2))[:-1], GapReason.TIMEOUT, 2),
        (GET, FRAME(meter.whole(DAY, 2))[:500], GapReason.TIMEOUT, 2),
        (GET, TAMPERED, GapReason.AUTHENTICATION, 1),
        (GET, FRAME(meter.whole(DAY, 1)), GapReason.AUTHENTICATION, 1),
        (GET, FRAME(b"\xc4\x01\xc1\x00" + DAY), GapReason.AUTHENTICATION, 1),
        (GET, FRAME(b"\xcc" + meter.seal(b"\xc4\x01\xc2\x00" + DAY, 2)), GapReason.PROTOCOL, 2),
        (GET, FRAME(b"\xcc" + meter.seal(b"\xc4\x01\xc1\x01\x03", 2)), GapReason.ACCESS_DENIED, 1),
        (GET, FRAME(meter.whole(DAY[:-3], 2)), GapReason.PROTOCOL, 1),
        (GET, FRAME(meter.whole(b"", 2)), GapReason.PROTOCOL, 1),
        (GET, FRAME(meter.block(2, DAY, 2, last=True)), GapReason.PROTOCOL, 2),
        (GET, FRAME(b"\xd8\x01\x02"), GapReason.PROTOCOL, 2),
        (GET, FRAME(meter.whole(DAY, 2), port=16), GapReason.PROTOCOL, 2),
        (GET, b"\x00\x01\x00\x01\x00\x01\x00\x00", GapReason.PROTOCOL, 2),
        (GET, b"\xff" * 200_000, GapReason.PROTOCOL, 2),
    ],
)
def test_a_wrong_answer_is_a_gap(tag: int, spoilt: bytes | None, reason: GapReason, visits: int) -> None:
    answer, street = read_one(spoiling(tag, spoilt), replace(QUICK, answer_s=0.1, release_s=0.1))
    assert outcome(answer) == (Result.GAP, reason)
    assert street.visits == visits
    assert answer.answers[0].rows is None
    assert bool(answer.answers[0].live) == (tag == GET), "live permits are told of every GET that was sent"


def test_a_meter_that_is_wrong_once_is_read_the_next_time_with_fresh_counters() -> None:
    for spoilt in (None, b"", b"garbage!"):
        answer, street = read_one(spoiling(GET, spoilt, visits=1))
        assert outcome(answer) == (Result.READ, None)
        assert street.visits == 2
        used = [meter.unseal(apdu[1:])[0] for _, _, apdu in street.apdus if apdu[0] in {ACTION, GET}]
        assert used == sorted(set(used))


@pytest.mark.parametrize("spoilt", [UNASKED, FRAME(meter.whole(DAY, 2)) + b"HTTP/1.1", FRAME(meter.whole(DAY, 2)) + bytes(8)])
def test_an_answer_followed_by_more_is_taken_and_the_connection_given_up(spoilt: bytes) -> None:
    answer, street = read_one(spoiling(GET, spoilt))
    assert outcome(answer) == (Result.READ, None)
    assert street.visits == 1


def test_a_release_that_goes_wrong_takes_nothing_away() -> None:
    for spoilt in (None, b"", b"\x00", FRAME(b"\x63"), FRAME(b"\xd8\x01\x02")):
        answer, _ = read_one(spoiling(RLRQ, spoilt), replace(QUICK, release_s=0.05))
        assert outcome(answer) == (Result.READ, None)


@pytest.mark.parametrize("spoilt", [TAMPERED, FRAME(b"\xd8\x01\x02"), b""])
def test_after_an_error_the_association_is_released(spoilt: bytes) -> None:
    _, street = read_one(spoiling(GET, spoilt), replace(QUICK, tries=1, answer_s=0.1))
    assert [apdu[0] for _, _, apdu in street.apdus] == [AARQ, ACTION, GET, RLRQ]


ACCEPTED_ALL_WRONG = meter.aare().replace(bytes.fromhex("a305a10302010e"), bytes.fromhex("a305a103020100"))


@pytest.mark.parametrize("spoilt", [FRAME(ACCEPTED_ALL_WRONG), FRAME(meter.aare()[:-1] + b"\x00"), FRAME(b"\x61\x00"), b""])
def test_an_association_that_may_stand_is_released_too(spoilt: bytes) -> None:
    _, street = read_one(spoiling(AARQ, spoilt), replace(QUICK, tries=1, answer_s=0.1))
    assert [apdu[0] for _, port, apdu in street.apdus if port == 1] == [AARQ, RLRQ]


@pytest.mark.parametrize(
    ("tag", "spoilt"), [(AARQ, b""), (AARQ, None), (AARQ, FRAME(meter.refusal())), (GET, TAMPERED), (GET, None), (RLRQ, None)]
)
def test_no_key_outlives_a_visit_that_failed(tag: int, spoilt: bytes | None) -> None:
    """An error that keeps its traceback keeps the frames, the session in them and its keys, until a collection comes by."""

    def secrets() -> int:
        return sum(isinstance(one, Secrets) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = secrets()
        answer, _ = read_one(spoiling(tag, spoilt), replace(QUICK, answer_s=0.05, release_s=0.05))
        assert secrets() == before
    finally:
        gc.enable()
    assert answer.answers


def test_tasks_end_each_for_itself() -> None:
    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        if apdu[0] == GET and b"\x00\x63\x02\x00\xff" in meter.unseal(apdu[1:])[1].replace(b"\x01\x00\x63\x02", b"\x00\x63\x02"):
            return FRAME(b"\xcc" + meter.seal(b"\xc4\x01\xc1\x01\x03", theirs._next()))  # noqa: SLF001 - a script is the meter
        return FRAME(theirs.answer(apdu), port)

    async def night() -> headend.MeterAnswer:
        async with meter.Street(script, DAY).listening() as street:
            tasks = [task(ProfileName.E_DAY), task(), task(ProfileName.E_DAY)]
            return (await read_all([job(street.port, tasks)]))[0]

    answer = asyncio.run(night())
    assert [(one.result, one.reason) for one in answer.answers] == [
        (Result.GAP, GapReason.ACCESS_DENIED),
        (Result.READ, None),
        (Result.GAP, GapReason.ACCESS_DENIED),
    ]


def test_what_was_read_before_the_meter_hung_up_stays_read() -> None:
    def script(visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes | None:
        if apdu[0] == GET and (len(theirs.ics) > 3 or visit > 1):
            return None
        return FRAME(theirs.answer(apdu), port)

    async def night() -> headend.MeterAnswer:
        async with meter.Street(script, DAY).listening() as street:
            return (await read_all([job(street.port, [task(), task()])]))[0]

    answer = asyncio.run(night())
    assert [(one.result, one.reason) for one in answer.answers] == [(Result.READ, None), (Result.GAP, GapReason.DROPPED)]


# Counters


def behind(*, refuse: bytes | None) -> meter.Script:
    """Return a script of a meter that answers an AARQ with `refuse`, and the public client as it should."""
    return spoiling(AARQ, refuse)


@pytest.mark.parametrize("refuse", [b"", None, FRAME(b"\xd8\x01\x06"), FRAME(b"\xd8\x01\x06" + (5000).to_bytes(4, "big"))])
def test_a_meter_that_has_seen_higher_counters_tells_its_last(refuse: bytes | None) -> None:
    answer, street = read_one(behind(refuse=refuse), counter=4999)
    assert outcome(answer) == (Result.GAP, GapReason.COUNTER)
    assert answer.meter_ic == 4999
    released = [(1, RLRQ)] if refuse == b"" else []  # silence may be an acceptance that came too late
    assert answer.next_ic == 101 + len(released), "never beyond what was reserved"
    assert [(port, apdu[0]) for _, port, apdu in street.apdus] == [(1, AARQ), *released, (16, AARQ), (16, 0xC0), (16, RLRQ)]


@pytest.mark.parametrize(("refuse", "reason", "took"), [(b"", GapReason.TIMEOUT, 101), (None, GapReason.DROPPED, 100)])
def test_a_meter_that_is_silent_for_another_reason_is_tried_again(refuse: bytes | None, reason: GapReason, took: int) -> None:
    answer, street = read_one(behind(refuse=refuse), counter=took)  # it took what we sent, and says so
    assert outcome(answer) == (Result.GAP, reason)
    assert answer.meter_ic == took
    assert [port for _, port, apdu in street.apdus if apdu[0] == AARQ] == [1, 16, 1], "asked once"


def test_what_the_exception_says_will_do_if_the_public_client_is_not_answered() -> None:
    def script(_visit: int, port: int, _apdu: bytes, _theirs: meter.Meter) -> bytes | None:
        return FRAME(b"\xd8\x01\x06" + (5000).to_bytes(4, "big")) if port == 1 else None

    answer, _ = read_one(script)
    assert outcome(answer) == (Result.GAP, GapReason.COUNTER)
    assert answer.meter_ic == 5000


def test_a_model_without_the_object_is_not_asked() -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(behind(refuse=b"")).listening() as street:
            silent = job(street.port, model=replace(MODEL, public_counter=None))
            return (await read_all([silent], replace(QUICK, answer_s=0.05)))[0], street

    answer, street = asyncio.run(night())
    assert outcome(answer) == (Result.GAP, GapReason.TIMEOUT)
    assert {port for _, port, _ in street.apdus} == {1}


@pytest.mark.parametrize("spoilt", [b"", b"\xff", FRAME(b"\xd8\x01\x01", 16), FRAME(b"\xc4\x01\xc1\x00\x00", 16)])
def test_a_public_client_that_is_answered_with_nonsense_is_released(spoilt: bytes) -> None:
    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes | None:
        if port == 1:
            return None
        return spoilt if apdu[0] == 0xC0 else FRAME(theirs.answer(apdu), port)

    answer, street = read_one(script, replace(QUICK, tries=1, answer_s=0.1))
    assert outcome(answer) == (Result.GAP, GapReason.DROPPED)
    assert answer.meter_ic is None
    assert (street.apdus[-1][2][0] == RLRQ) == (spoilt != b"\xff"), "unless what came was no frame, and the connection is gone"


@pytest.mark.parametrize("frames", [0, 1, 3, 4])
def test_counters_that_run_out_are_a_gap_and_none_is_used_twice(frames: int) -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            return (await read_all([job(street.port, frames=frames)]))[0], street

    answer, street = asyncio.run(night())
    assert outcome(answer) == (Result.GAP, GapReason.COUNTER)
    assert answer.next_ic <= 100 + frames
    assert answer.meter_ic is None
    if frames == 4:
        assert street.apdus[-1][2][0] == RLRQ, "the last counter is for the release"


def test_a_meter_with_endless_blocks_uses_up_its_counters_only() -> None:
    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        if apdu[0] != GET:
            return FRAME(theirs.answer(apdu), port)
        plain = meter.unseal(apdu[1:])[1]
        number = 1 if plain[1] == 1 else int.from_bytes(plain[3:7], "big") + 1
        return FRAME(meter.block(number, b"x", theirs._next(), last=False))  # noqa: SLF001 - a script is the meter

    answer, street = read_one(script)
    assert outcome(answer) == (Result.GAP, GapReason.COUNTER)
    assert answer.next_ic == 160
    assert street.apdus[-1][2][0] == RLRQ


# Time


def test_a_meter_that_drips_is_given_up_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await meter.next_apdu(reader)
            for byte in FRAME(meter.aare(0)):
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def night() -> tuple[headend.MeterAnswer, float]:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        began = time.monotonic()
        (answer,) = await read_all([job(server.sockets[0].getsockname()[1])], replace(QUICK, tries=1))
        server.close()
        return answer, time.monotonic() - began

    answer, took = asyncio.run(night())
    assert outcome(answer) == (Result.GAP, GapReason.TIMEOUT)
    assert took < 1.5


def test_a_session_ends_in_time_however_patient_each_answer_is() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs = meter.Meter(DAY, pieces=50)
        try:
            while True:
                port, apdu = await meter.next_apdu(reader)
                await asyncio.sleep(0.05)
                writer.write(FRAME(theirs.answer(apdu), port))
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def night() -> tuple[headend.MeterAnswer, float]:
        server = await asyncio.start_server(slow, "127.0.0.1", 0)
        began = time.monotonic()
        limits = replace(QUICK, answer_s=1, session_s=0.4, tries=1)
        (answer,) = await read_all([job(server.sockets[0].getsockname()[1])], limits)
        server.close()
        return answer, time.monotonic() - began

    answer, took = asyncio.run(night())
    assert outcome(answer) == (Result.GAP, GapReason.TIMEOUT)
    assert took < 1


def test_a_meter_that_takes_no_connection_is_unreachable() -> None:
    for host in ("127.0.0.1", "not an address", "127.0.0.1/32"):
        unreachable = replace(job(9), host=host)
        (answer,) = headend.run([unreachable], limits=replace(QUICK, pause_s=0), stops=Stops())
        assert outcome(answer) == (Result.GAP, GapReason.UNREACHABLE)
        assert answer.next_ic == 100


def test_a_name_is_no_address_and_nobody_is_asked_about_it() -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            return (await read_all([replace(job(street.port), host="localhost")]))[0], street

    answer, street = asyncio.run(night())
    assert outcome(answer) == (Result.GAP, GapReason.UNREACHABLE)
    assert street.visits == 0


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_meter_that_takes_no_connection_for_long_is_unreachable_and_leaves_no_file_open() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as held:
        port = full.getsockname()[1]
        for _ in range(4):  # fill its queue: from then on the kernel answers nothing
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            waiting.connect_ex(("127.0.0.1", port))
        headend.run([], limits=QUICK, stops=Stops())  # the first loop of a process opens a pipe that stays
        before = open_files()
        (answer,) = headend.run([job(port)], limits=replace(QUICK, connect_s=0.1), stops=Stops())
        assert outcome(answer) == (Result.GAP, GapReason.UNREACHABLE)
        assert open_files() == before


class Slow(Stops):
    """A stop list that takes its time."""

    async def fresh(self, max_age_s: float) -> None:
        await super().fresh(max_age_s)
        await asyncio.sleep(0.3)


def read_slowly(script: meter.Script, limits: headend.Limits) -> tuple[headend.MeterAnswer, meter.Street]:
    """Read one meter under a stop list that takes its time."""

    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(script, DAY).listening() as street:
            return (await read_all([job(street.port)], limits, Slow()))[0], street

    return asyncio.run(night())


def test_when_the_time_of_a_meter_is_over_it_is_asked_nothing_more_but_released() -> None:
    answer, street = read_slowly(meter.good, replace(QUICK, session_s=0.2, tries=1))
    assert outcome(answer) == (Result.GAP, GapReason.TIMEOUT)
    assert answer.answers[0].live == ()
    assert [apdu[0] for _, _, apdu in street.apdus] == [AARQ, ACTION, RLRQ]


def test_a_meter_that_hung_up_meanwhile_was_not_asked() -> None:
    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        again = FRAME(meter.aare(9)) if apdu[0] == ACTION else b""  # it speaks unasked, which ends the connection
        return FRAME(theirs.answer(apdu), port) + again

    answer, _ = read_slowly(script, replace(QUICK, tries=1))
    assert outcome(answer) == (Result.GAP, GapReason.PROTOCOL)
    assert answer.answers[0].live == ()
    assert answer.next_ic == 103


CROWDED = """
import os, resource, sys
from headend_support import QUICK, Stops, job
from kwartier import headend
open_now = len(os.listdir("/proc/self/fd"))
resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 16, open_now + 16))
answers = headend.run([job(int(sys.argv[1]), number=n) for n in range(60)], limits=QUICK, stops=Stops())
print(*sorted({str(one.reason or one.result) for answer in answers for one in answer.answers}))
"""


def test_want_of_files_on_our_side_is_waited_out_and_no_fault_of_a_meter() -> None:
    async def night() -> str:
        async with meter.Street(meter.good, DAY).listening() as street:
            command = [sys.executable, "-c", CROWDED, str(street.port)]
            done = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": TESTS})
            said, _ = await done.communicate()
            return said.decode()

    assert asyncio.run(night()) == "read\n"


def test_run_asks_for_as_many_files_as_it_reads_meters_at_once() -> None:
    program = """
import resource
from headend_support import QUICK, Stops, job
from kwartier import headend
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
headend.run([job(9, number=n) for n in range(300)], limits=headend.Limits(concurrency=200, tries=1), stops=Stops())
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": TESTS}
    )
    assert done.stdout == "(456, 512)\n"


def test_when_the_night_is_over_nothing_more_is_begun() -> None:
    (answer,) = headend.run([job(9)], limits=replace(QUICK, total_s=0), stops=Stops())
    assert outcome(answer) == (Result.GAP, GapReason.OUT_OF_TIME)


RIGHT = job(9)
WRONG = [
    replace(RIGHT, guek=b"short"),
    replace(RIGHT, gak=b""),
    replace(RIGHT, client_title=b"x" * 9),
    replace(RIGHT, first_ic=-1),
    replace(RIGHT, end_ic=5),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_without_usable_keys_and_counters_nothing_is_sent(wrong: headend.MeterJob) -> None:
    (answer,) = headend.run([wrong], limits=QUICK, stops=Stops())
    assert outcome(answer) == (Result.GAP, GapReason.NO_KEYS)


def test_a_profile_that_the_model_lacks_is_not_asked() -> None:
    bare = replace(MODEL, profiles=MODEL.profiles[:1])

    async def night() -> headend.MeterAnswer:
        async with meter.Street(meter.good, DAY).listening() as street:
            return (await read_all([job(street.port, [task(ProfileName.G_DAY, 1), task()], model=bare)]))[0]

    answer = asyncio.run(night())
    assert [(one.result, one.reason) for one in answer.answers] == [(Result.GAP, GapReason.ACCESS_DENIED), (Result.READ, None)]
