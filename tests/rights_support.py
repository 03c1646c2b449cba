"""A home that changed hands, with a supplier and an app, and readings of both times."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.model.period import midnight
from kwartier.model.register import Channel
from kwartier.model.staff import Staff
from kwartier.workflows.installation import Installation
from readings_support import channel_day, read
from registry_support import DAY, World, between

AT = midnight(DAY + timedelta(days=1)) + timedelta(hours=9)
BEFORE, AFTER = date(2026, 2, 10), DAY


@dataclass(frozen=True)
class Household:
    """Who left on the first of March and who came, what supplies them, and the app of who came."""

    house: Installation
    facts: World
    home: int
    left: int
    came: int
    supplier: int
    app: int
    case: int
    permission: int


def changed_hands(opened: Installation, facts: World) -> Household:
    """Let a home change hands on the first of March 2026; each time has a day of readings, read for the supplier."""
    home = facts.connection()
    facts.meter(home)
    left, came = facts.subject("LEFT"), facts.subject("CAME")
    facts.occupancy(home, left, between("2020-01-01", "2026-03-01"))
    facts.occupancy(home, came, between("2026-03-01"))
    supplier, app = facts.party(), facts.party("third_party")
    facts.agreement(supplier)
    facts.agreement(app)
    facts.supply(home, supplier)
    permission = facts.permission(home, came, app, between("2026-03-01"))
    case = facts.use_case(purpose="outage")
    found = [channel_day(home, kind, day) for day in (BEFORE, AFTER) for kind in (Channel.IMPORT, Channel.DAY_IMPORT_LOW)]
    read(opened, found, at=AT)
    return Household(opened, facts, home, left, came, supplier, app, case, permission)


def officer(house: Installation) -> Installation:
    """Return the installation as one of the operator's people has it open."""
    return replace(house, log=Log(signing.load(house.data / "keys"), house.data / "audit", Staff("A. Officer", "a request")))
