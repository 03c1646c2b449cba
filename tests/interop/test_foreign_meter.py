"""The meter simulator of pydlms-client, written by others, is read by our head-end: HLS5, block transfer, both ways of ciphering.

Its data are of 2024-05-01, and its own invocation counter begins at 0.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kwartier import headend
from kwartier.model.permit import PermitRef
from kwartier.model.register import ALL_MASK, Channel
from kwartier.model.task import GapReason, ProfileName, Result, Task
from kwartier.wire.dlms import models

PEER = Path(__file__).parents[2] / ".peers" / "pydlms-client" / "bin" / "python"
GUEK, GAK = bytes(range(16)), bytes(range(0xD0, 0xE0))
FIRST = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp())
MODEL = models.parse(
    """
name = "foreign"
pdu = 1024
selects_columns = false
public_counter = "0-0:43.1.0"
[[profile]]
name = "e_interval"
obis = "1-0:99.1.0"
period_s = 900
entries = 96
columns = [
  { role = "clock", class_id = 8, obis = "0-0:1.0.0", attribute = 2 },
  { role = "value", class_id = 3, obis = "1-0:1.8.0", attribute = 2, channel = "IMPORT", to_base = 0 },
]
"""
)


class Nothing:
    """A stop list with nothing on it."""

    async def fresh(self, max_age_s: float) -> None:
        """Be always fresh."""

    def stopped(self, ref: PermitRef) -> bool:
        """Stop nothing."""
        return ref is None


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the foreign meter and give its port."""
    assert PEER.exists(), "./test makes the peers"
    with socket.create_server(("127.0.0.1", 0)) as free:
        chosen = int(free.getsockname()[1])
    command = [
        str(PEER),
        "-m",
        "pydlms.simulator",
        "--port",
        str(chosen),
        "--client",
        "1:5",
        "--key",
        GUEK.hex(),
        "--auth-key",
        GAK.hex(),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as meter:
        try:
            wait_for(chosen)
            yield chosen
        finally:
            meter.terminate()


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the foreign meter does not listen")


def read(port: int, first_ic: int, *, general_glo: bool = False) -> headend.MeterAnswer:
    """Read the day with these counters."""
    ref = PermitRef(b"x" * 16, 1, ALL_MASK, FIRST - 86_400, FIRST + 86_400, (), keeps=True)
    task = Task(1, 1, ProfileName.E_INTERVAL, 0, FIRST - 7200, FIRST + 86_400, (ref,))
    client, meter = b"KWA\x00\x00\x00\x00\x01", b"PYD\x00\x00\x00\x00\x01"
    job = headend.MeterJob(1, "127.0.0.1", port, MODEL, client, meter, GUEK, GAK, first_ic, first_ic + 100, (task,))
    limits = headend.Limits(answer_s=5, tries=1, general_glo=general_glo)
    return headend.run([job], limits=limits, stops=Nothing())[0]


@pytest.mark.parametrize(("general_glo", "first_ic"), [(False, 100), (True, 200)])
def test_our_head_end_reads_a_foreign_meter(port: int, first_ic: int, *, general_glo: bool) -> None:
    answer = read(port, first_ic, general_glo=general_glo)
    (one,) = answer.answers
    assert (one.result, one.reason) == (Result.READ, None)
    assert one.rows is not None
    assert one.rows.stamps.tolist() == [FIRST + 900 * i for i in range(96)]
    assert one.rows.values[Channel.IMPORT].tolist() == [1000 + 7 * i for i in range(96)]
    assert answer.next_ic == first_ic + 7, "AARQ, GMAC and its APDU, GET and two next blocks, RLRQ"


def test_a_foreign_meter_that_has_seen_higher_counters_tells_so(port: int) -> None:
    assert read(port, 300).answers[0].result is Result.READ
    answer = read(port, 50)
    assert answer.answers[0].reason is GapReason.COUNTER
    assert answer.meter_ic == 306
    assert read(port, answer.meter_ic + 1).answers[0].result is Result.READ
