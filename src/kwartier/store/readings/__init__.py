"""The readings in a Delta table: one row per channel-day, partitioned by local day. No key but the surrogate of a connection."""

from kwartier.store.readings.glance import Glance
from kwartier.store.readings.lake import Readings
from kwartier.store.readings.staged import StagedFile

__all__ = ["Glance", "Readings", "StagedFile"]
