"""The head-end: carries DLMS to the meters over TCP and brings back rows, gaps with their reasons, and the permits that were live.

Async lives in here only: `read` is for who has an event loop, `run` for who has none.
"""

from kwartier.headend.reader import read, run
from kwartier.headend.request import frames_for
from kwartier.headend.values import Limits, MeterAnswer, MeterJob, StopList, TaskAnswer, Work

__all__ = ["Limits", "MeterAnswer", "MeterJob", "StopList", "TaskAnswer", "Work", "frames_for", "read", "run"]
