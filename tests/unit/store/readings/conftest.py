"""A lake in a temporary folder, and channel-days to put into it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.readings import Readings

DAY = date(2026, 11, 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of an empty table."""
    Readings.create(tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def lake(root: Path) -> Readings:
    return Readings(root)


@pytest.fixture
def make() -> Callable[..., ChannelDay]:
    """Make a channel-day whose values follow from its key, batch and channel."""

    def one(key: int, batch: int = 1, channel: Channel = Channel.IMPORT, day: date = DAY, quality: bytes = b"") -> ChannelDay:
        size = {Channel.IMPORT: 96, Channel.EXPORT: 96, Channel.GAS: 24}.get(channel, 0)
        deltas = np.random.default_rng([key, batch, channel]).integers(0, 900, size, np.int32)
        return ChannelDay(key, channel, day, 1_000_000 + key, deltas.tobytes(), quality, 5, key + 7, batch)

    return one
