"""The keeper goes on whatever happens to its line, and what it heard is on the disk."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import pytest

from home_support import House
from kwartier.home import keeper as keepers
from kwartier.home.clock import Receipt
from kwartier.home.errors import Loss, SourceLost
from kwartier.home.keeper import LINE, Keeper
from kwartier.home.line import Line
from kwartier.home.live import Live
from kwartier.home.store import history, writer
from kwartier.home.store.writer import Writer

AT = 1_781_000_100 // 900 * 900
Piece = bytes | Loss


class Script:
    """A source that says what it is told to, piece by piece, over as many lines as it takes, and then ends."""

    place, line, is_recorded = "script", "115200 8N1", False

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Keep the pieces."""
        self.pieces = iter(pieces)
        self.times: list[int] = []

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield pieces until one is a loss."""
        for piece in self.pieces:
            if isinstance(piece, Loss):
                raise SourceLost(piece)
            yield piece

    async def took(self, at: int) -> None:
        """Remember."""
        self.times.append(at)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(keepers, "LONGEST_WAIT_S", 0.002)


def keep(kept: Writer, source: Script, *, receipt: Receipt | None = None) -> Live:
    """Run a keeper to the end of its script; return what is live then."""
    live = Live()
    keeper = Keeper(source, Line(bytes(16)), kept, live, receipt=lambda: receipt or Receipt(AT, is_set=False), flush_s=1000)
    asyncio.run(keeper.run())
    return live


def test_what_was_heard_is_on_the_disk_and_live(tmp_path: Path) -> None:
    house = House(AT)
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        live = keep(kept, Script(house.telegrams(100, 30)))
        assert kept.noted(LINE) == "115200 8N1"
    assert (live.at, live.ended, live.lost, live.counts.telegrams) == (AT + 99 * 30, True, None, 100)
    assert live.sample is not None
    assert live.sample.power_w == house.power
    assert live.curve[-1] == (AT + 99 * 30, house.power)
    assert live.curve[0][0] > AT + 99 * 30 - 900
    with history.opened(tmp_path) as opened:
        assert opened.state() == live.state
        assert len(list(opened.telegrams(0, 2**40))) == 100
        assert len({start for start, _ in opened.intervals(AT, AT + 2700)}) >= 3


def test_a_lost_line_is_opened_again_and_told_once(tmp_path: Path) -> None:
    house = House(AT)
    text = list(house.telegrams(4, 30))
    pieces: list[Piece] = [text[0], Loss.GONE, Loss.NO_DEVICE, Loss.NO_DEVICE, text[1][:300], Loss.SILENT, text[2], text[3]]
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        live = keep(kept, Script(pieces))
    assert live.counts.telegrams == 3
    with history.opened(tmp_path) as opened:
        assert [told.kind for told in reversed(opened.events())] == ["meter-began", "meter-began", "line-gone", "line-back"]


def test_an_hour_of_noise_costs_an_hour(tmp_path: Path) -> None:
    dice = random.Random(3)
    house = House(AT)
    before = list(house.telegrams(120, 10))
    for _ in range(360):
        house.step(10)
    registers = house.registers()
    after = list(house.telegrams(200, 10))
    noise = [dice.randbytes(dice.randrange(2000)) for _ in range(360)]
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        live = keep(kept, Script([*before, *noise, *after]))
    assert live.counts.telegrams == 320
    assert live.counts.noise_bytes > 100_000
    with history.opened(tmp_path) as opened:
        sums = {start: each for (start, counter), each in opened.intervals(AT, AT + 90_000).items() if each.steps > 1}
        assert sums
        account = opened.state().electricity.account
        assert account is not None
        assert sum(account.track.values) == sum(house.registers())
        assert sum(registers) <= sum(account.track.values)
        assert [told.kind for told in opened.events()] == ["meter-began", "meter-began"]


def test_a_clock_that_is_wrong_is_told_and_when_it_is_right_again(tmp_path: Path) -> None:
    house = House(AT)
    pieces = []
    for number in range(30):
        house.step(1)
        pieces.append(house.telegram(clock=house.at - 150 * 86_400 if 10 <= number < 20 else None))
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        keep(kept, Script(pieces), receipt=Receipt(AT + 15))
    with history.opened(tmp_path) as opened:
        assert [told.kind for told in reversed(opened.events())][2:] == ["clock-wrong", "clock-right"]


def test_a_full_disk_keeps_intervals_in_memory_and_ends_nothing(tmp_path: Path) -> None:
    house = House(AT)
    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept:
        live = Live()
        keeper = Keeper(Script([]), Line(bytes(16)), kept, live, receipt=lambda: Receipt(None), flush_s=0)
        database = kept._db  # noqa: SLF001 - the disk is as full as SQLite lets us make it
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        line = Line(bytes(16))
        for text in house.telegrams(1000, 10):
            for heard in line.receive(text):
                keeper.take(heard)
            keeper.flush()
        assert live.is_disk_full is True
        database.execute("PRAGMA max_page_count = 100000")
        keeper.flush()
        assert bool(live.is_disk_full) is False
    with history.opened(tmp_path) as opened:
        assert len({start for start, counter in opened.intervals(AT, AT + 10_000) if counter.is_import}) == 11
        assert keepers.MOST_PENDING <= len(list(opened.telegrams(0, 2**40))) < 700


def test_a_fault_of_ours_is_not_swallowed(tmp_path: Path) -> None:
    class Broken(Script):
        async def took(self, at: int) -> None:
            raise ZeroDivisionError(at)

    with writer.opened(tmp_path, raw_days=1, raw_mb=1) as kept, pytest.raises(ZeroDivisionError):
        keep(kept, Broken(House(AT).telegrams(2)))
    with history.opened(tmp_path) as opened:
        assert len(list(opened.telegrams(0, 2**40))) == 1
