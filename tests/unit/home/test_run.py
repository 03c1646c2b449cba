"""Ending: whatever a task does with the first word that it is over, all end."""

import asyncio
from contextlib import suppress

import pytest

from kwartier.home import run


async def deaf(times: int) -> None:
    """Lose so many cancellations, as `asyncio.wait_for` of Python 3.11 can lose one."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_task_that_loses_a_cancellation_ends_all_the_same(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_CLOSE_S", 0.01)

    async def ended() -> bool:
        task = asyncio.create_task(deaf(times))
        await asyncio.sleep(0)
        await asyncio.wait_for(run._cancelled([task]), 10)  # noqa: SLF001 - what ends the program
        return task.cancelled()

    assert asyncio.run(ended())
