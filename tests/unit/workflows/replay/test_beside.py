"""A replay while others go on: what is signed after the log was read contradicts nothing."""

import sys
from datetime import UTC, datetime

import pytest

from kwartier.audit.events import Event, EventKind
from kwartier.workflows import replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.replay.again import Again
from kwartier.workflows.replay.findings import Findings
from replay_support import C

pytestmark = pytest.mark.database
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_checkpoint_that_is_published_meanwhile(opened: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(c: C, found: Findings) -> Again:
        with opened.operator() as other:
            opened.log.record(other, [Event(AT, EventKind.NIGHT_INTENDED, "operator")])
        with opened.auditor() as other:
            opened.log.integrate(other)
        return Again(c, found)

    before = replay.run(opened, at=AT)
    monkeypatch.setattr(sys.modules[replay.run.__module__], "Again", meanwhile)
    assert [str(one) for one in (*before.findings, *replay.run(opened, at=AT).findings)] == []
