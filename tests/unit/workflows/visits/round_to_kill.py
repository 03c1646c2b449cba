"""Looks after all meters once, and is killed when they were visited and nothing of it is written yet: `round_to_kill.py DATA`."""

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kwartier.engine import Inline
from kwartier.workflows import device_care, installation
from kwartier.workflows.visits import errands

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)


def main(data: Path) -> None:
    """Begin a round; die where it would be settled."""
    errands._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # noqa: SLF001 - the moment of the kill
    moments = iter(AT + timedelta(seconds=n) for n in range(1000))
    with installation.opened(data) as house:
        device_care.look(house, Inline(), clock=lambda: next(moments))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
