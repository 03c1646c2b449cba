"""What was published is what decides again; an edition that means something else by now, or was never published, is found."""

from datetime import UTC, datetime

import pytest

from kwartier.audit.events import EventKind
from kwartier.grounds.published import DIGESTS
from replay_support import Faulty

pytestmark = pytest.mark.database


def test_every_edition_was_told_once_with_its_digest(night: Faulty) -> None:
    rows = night.c.execute("select convert_from(leaf, 'UTF8')::jsonb -> 'body' from audit.entry where kind = 'edition:published'")
    bodies = [body for (body,) in rows]
    assert {body["edition"]: body["digest"] for body in bodies} == dict(DIGESTS)
    assert len(bodies) == len(DIGESTS), "at the import, and not again by the night"


def test_an_edition_that_was_changed_after_it_was_published(night: Faulty) -> None:
    for edition in DIGESTS:
        night.tell(EventKind.EDITION_PUBLISHED, None, datetime(2026, 1, 2, tzinfo=UTC), edition=edition, digest="00" * 32)
    assert night.codes() == {"edition-differs"}


def test_an_edition_that_was_never_published(night: Faulty) -> None:
    night.c.execute("alter table audit.event drop constraint if exists holds")
    night.change("update audit.entry set kind = 'import:taken' where kind = 'edition:published'")
    assert {"edition-not-told", "index-differs"} <= night.codes()
