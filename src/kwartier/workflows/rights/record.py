"""Art. 30: the record of processing of this installation: its edition, its parties as they stand, and its settings."""

from collections.abc import Iterator
from datetime import datetime

from kwartier.grounds import conduct
from kwartier.grounds import record as pure
from kwartier.settings import Settings
from kwartier.store.registry import parties
from kwartier.store.registry.parties import Party
from kwartier.store.registry.rows import C
from kwartier.workflows.installation import Installation


def record(house: Installation, *, at: datetime) -> str:
    """Return the record as a page."""
    with house.operator() as c:
        found = [(one.code, str(one.role).replace("_", " "), _stands(c, one, at)) for one in parties.every(c)]
    return pure.as_markdown(conduct.edition_at(at), at, found, list(_settings(house.settings)))


def _stands(c: C, one: Party, at: datetime) -> str:
    if not any(each.period.contains(at) for each in parties.agreements(c, [one.key])):
        return "no agreement in force: gets nothing"
    return "suspended: gets nothing" if parties.suspended(c, one.key, at) else "agreement in force"


def _settings(chosen: Settings) -> Iterator[str]:
    yield f"A revocation stops the next request to a meter within {chosen.stop_age_s:g} s (`stop_age_s`)."
    where = "here" if chosen.permission_administrator == "own" else "elsewhere"
    yield f"Permissions are granted {where} (`permission_administrator`)."
    yield f"A claimed mandate is read for after {chosen.mandate_notice_days} days (`mandate_notice_days`)."
    yield "A witness countersigns the log (`witness`)." if chosen.witness else "No witness countersigns the log (`witness`)."
    if chosen.tap:
        yield "Every frame sent to a meter is written to a folder (`tap`): for tests and reviews only."
