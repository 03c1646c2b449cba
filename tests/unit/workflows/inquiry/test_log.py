"""For whom a meter was asked, also where nothing came of it: a line names who asked, and by which rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from kwartier.audit import leaves
from kwartier.audit.events import EventKind
from kwartier.grounds.decide import ref
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import epoch_s
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK
from kwartier.model.task import GapReason, ProfileName, Result, Task
from kwartier.web.portal import show_log
from kwartier.web.portal.words import Words
from kwartier.workflows import inquiry
from kwartier.workflows.inquiry import AccessLine
from kwartier.workflows.installation import Installation
from readings_support import moment, permit, whole
from registry_support import DAY, NOON, World, between

pytestmark = pytest.mark.database
CODE, HOUR = "MINE", timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """One person at home, whose supplier and app have a ground, and a meter."""

    house: Installation
    who: int
    meter: int
    supplier: Permit
    app: Permit

    def task(self, profile: ProfileName, *permits: Permit) -> Task:
        """Return what is asked of the meter about the day, on these grounds."""
        first, last = epoch_s(whole(DAY).start), epoch_s(whole(DAY).start + timedelta(days=1))
        return Task(permits[0].request.connection, self.meter, profile, 0, first, last, tuple(ref(one) for one in permits))

    def plan(self, at: datetime, profile: ProfileName, *permits: Permit) -> Task:
        """Write down that it is going to be asked."""
        task, requests = self.task(profile, *permits), {one.id: one.request for one in permits}
        self._write(EventKind.BATCH_INTENDED, at, leaves.intended(task, requests, CODE))
        return task

    def end(self, at: datetime, task: Task, result: Result, reason: GapReason | None, *served: Permit) -> None:
        """Write down what came of it."""
        said = leaves.read(task, result, reason, [one.id for one in served], at, CODE)
        self._write(EventKind.BATCH_READ, at, said)

    def line(self) -> AccessLine:
        """Return the newest line about a meter that was asked."""
        return next(one for one in inquiry.access_log(self.house, self.who) if one.kind == EventKind.BATCH_READ)

    def _write(self, kind: EventKind, at: datetime, leaf: leaves.Leaf) -> None:
        with self.house.operator() as c:
            self.house.log.record_batch(c, kind, 1, at, "operator", [leaf], {})


def named(facts: World, role: str, name: str) -> int:
    """Let a party exist under a name of its own."""
    return facts.new("party", code=f"P{facts.number()}", name=name, role=role)


@pytest.fixture
def asked(opened: Installation, facts: World) -> Asked:
    home, who = facts.connection(), facts.subject(CODE)
    facts.occupancy(home, who)
    supplier, app = named(facts, "supplier", "Supplies"), named(facts, "third_party", "Shares")
    facts.agreement(supplier)
    facts.agreement(app)
    facts.supply(home, supplier, between("2020-01-01"))
    facts.permission(home, who, app, between("2026-01-01"), mask=INTERVAL_MASK & ~GAS_MASK)
    registers, profile = DAY_MASK & ~GAS_MASK, INTERVAL_MASK & ~GAS_MASK
    return Asked(
        opened,
        who,
        facts.meter(home),
        permit(opened, Requester(Role.SUPPLIER, supplier), Purpose.PERIODIC_READING, home, registers, moment(DAY), at=NOON),
        permit(opened, Requester(Role.THIRD_PARTY, app), Purpose.THIRD_PARTY_SERVICE, home, profile, whole(DAY), at=NOON),
    )


@pytest.mark.parametrize(
    ("result", "reason", "said"),
    [
        (Result.GAP, GapReason.TIMEOUT, "Your meter was asked for Supplies, without an answer"),
        (Result.STOPPED, None, "Not read for Supplies: the ground had gone"),
        (Result.GAP, GapReason.WITHDRAWN, "Your meter was read for Supplies; the answer was thrown away, for the ground had gone"),
    ],
)
def test_what_served_nobody_says_for_whom_it_was_asked(asked: Asked, result: Result, reason: GapReason | None, said: str) -> None:
    asked.end(NOON, asked.plan(NOON, ProfileName.E_DAY, asked.supplier), result, reason)
    line = asked.line()
    assert (line.who, line.rules) == (("Supplies",), ("S1",))
    ((day,),) = ([one.lines for one in show_log.days(Words("en"), [line])],)
    assert day[0].what.startswith(said)


def test_what_served_some_of_those_who_asked_names_them_alone(asked: Asked) -> None:
    task = asked.plan(NOON, ProfileName.E_INTERVAL, asked.supplier, asked.app)
    asked.end(NOON, task, Result.READ, None, asked.app)
    assert asked.line().who == ("Shares",)


def test_what_is_asked_again_is_asked_for_those_who_have_a_ground_then(asked: Asked) -> None:
    first = asked.plan(NOON, ProfileName.E_DAY, asked.supplier)
    asked.end(NOON, first, Result.GAP, GapReason.TIMEOUT)
    again = asked.plan(NOON + HOUR, ProfileName.E_DAY, asked.app)
    asked.end(NOON + HOUR, again, Result.GAP, GapReason.TIMEOUT)
    whose = [one.who for one in inquiry.access_log(asked.house, asked.who) if one.kind == EventKind.BATCH_READ]
    assert whose == [("Shares",), ("Supplies",)], "the newest first"


def test_what_was_asked_of_another_profile_is_no_answer_to_this(asked: Asked) -> None:
    asked.plan(NOON, ProfileName.E_INTERVAL, asked.app)
    asked.end(NOON, asked.task(ProfileName.E_DAY, asked.supplier), Result.GAP, GapReason.TIMEOUT)
    assert asked.line().rules == ()
