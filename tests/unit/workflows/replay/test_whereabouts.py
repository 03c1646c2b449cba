"""Where things lie and whose a meter is: as the log was told it, also of what came in before it was told such things."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kwartier.audit import evidence
from kwartier.audit.canonical import canonical
from kwartier.audit.events import EventKind
from kwartier.audit.evidence import Told
from kwartier.audit.log import Log
from kwartier.keys import signing
from kwartier.model.period import epoch_s
from kwartier.model.register import Product
from kwartier.store.postgres import migrate, migrations
from kwartier.store.registry import couplings, rectifications
from kwartier.store.registry.rectifications import Rectification
from kwartier.workflows.replay import registry
from kwartier.workflows.replay.findings import Findings
from kwartier.workflows.replay.known import Known
from kwartier.workflows.replay.places import Location, Whereabouts, location_at, locations
from kwartier.workflows.replay.registry import Gone
from kwartier.workflows.replay.tasks import TaskKey
from kwartier.workflows.replay.told import histories
from registry_support import ALWAYS, World, between, on
from replay_support import Faulty

AT = datetime(2026, 3, 1, tzinfo=UTC)
TO = between("2026-01-01", "2026-02-01")
DAYS = timedelta(days=1)


def told(kind: EventKind, position: int, **body: object) -> Told:
    return Told(position, AT + timedelta(days=position), kind, 7, body, None, None)


def test_a_place_is_as_it_was_known_and_before_that_as_it_was_first_told() -> None:
    said = {"connection": 7, "product": "gas", "transformer": None}
    entries = [told(EventKind.CONNECTION_REGISTERED, n, area=area, **said) for n, area in ((3, "a"), (5, "b"))]
    (where,) = locations(entries).values()
    assert [one.product for one in where] == [Product.GAS, Product.GAS]
    for days, before, area in ((0, None, "a"), (3, None, "a"), (5, None, "b"), (5, 5, "a"), (9, 6, "b"), (9, 1, "a")):
        assert location_at(where, AT + timedelta(days=days), before).area == area


def placed(position: int, kind: EventKind = EventKind.METER_PLACED, since: str = "2026-01-01", until: str | None = None) -> Told:
    end = None if until is None else epoch_s(on(until))
    return told(kind, position, meter=4, transformer=None, start=epoch_s(on(since)), end=end)


def coupled(position: int, kind: EventKind = EventKind.COUPLING_BEGAN, until: str | None = None, **more: object) -> Told:
    end = None if until is None else epoch_s(on(until))
    return told(kind, position, coupling=1, meter=9, mbus=1, start=epoch_s(TO.start), end=end, **more)


def there(*entries: Told) -> Whereabouts:
    return Whereabouts.of([Location(0, AT, "a")], histories(entries))


def task(profile: str, meter: int, mbus: int, first: datetime | str, last: datetime | str) -> TaskKey:
    moments = [on(one) if isinstance(one, str) else one for one in (first, last)]
    return TaskKey(7, meter, profile, mbus, epoch_s(moments[0]), epoch_s(moments[1]))


@pytest.mark.parametrize(
    ("key", "serves"),
    [
        (task("e_day", 4, 0, "2026-01-01", "2026-02-01"), True),  # the register on the boundary is still of who was there
        (task("e_day", 4, 0, "2026-01-01", "2026-02-02"), False),
        (task("e_interval", 4, 0, "2025-12-31", "2026-01-31"), False),
        (task("e_interval", 4, 0, "2026-02-01", "2026-02-28"), False),
        (task("e_day", 5, 0, "2026-01-01", "2026-01-31"), False),
        (task("g_day", 4, 1, "2026-01-01", "2026-01-31"), False),
        (task("g_day", 9, 1, "2026-03-01", "2026-03-02"), True),
        (task("g_day", 9, 2, "2026-03-01", "2026-03-02"), False),
        (task("e_day", 9, 0, "2026-03-01", "2026-03-02"), False),
        (task("clock", 9, 0, "2026-03-01", "2026-03-01"), True),  # done at the electricity meter, for whoever has gas through it
        (task("clock", 4, 0, "2026-02-03", "2026-02-03"), False),
    ],
)
def test_a_meter_serves_where_and_while_it_is_told_to_be(key: TaskKey, *, serves: bool) -> None:
    where = there(placed(1, until="2026-02-01"), coupled(2))
    assert where.has(key, AT + 9 * DAYS, 3) is serves


def test_a_chore_is_for_whoever_comes_that_day_and_usage_is_not() -> None:
    """Nights and visits take the meter that is there at the end of the day."""
    noon = TO.start.replace(hour=11)
    body = {"meter": 4, "transformer": None, "start": epoch_s(noon), "end": None}
    where = there(told(EventKind.METER_PLACED, 1, **body))
    early = noon - timedelta(hours=4)
    assert where.has(task("clock", 4, 0, early, early), AT + 9 * DAYS, 3)
    assert not where.has(task("e_interval", 4, 0, early, noon), AT + 9 * DAYS, 3)
    assert not where.has(task("clock", 4, 0, early - 1 * DAYS, early - 1 * DAYS), AT + 9 * DAYS, 3)


def test_what_was_told_later_changes_nothing_of_what_was_asked_before() -> None:
    ended, wrong = placed(9, EventKind.METER_REMOVED, until="2026-02-01"), coupled(9, EventKind.COUPLING_SUPERSEDED)
    where = there(placed(3), coupled(4), ended, wrong)
    own, gas = (task(*what, "2026-03-01", "2026-03-02") for what in (("e_day", 4, 0), ("g_day", 9, 1)))
    for before, is_there in ((1, False), (5, True), (9, True), (10, False)):
        assert [where.has(one, AT + 20 * DAYS, before) for one in (own, gas)] == [is_there, is_there], before
    assert where.has(own, AT + 8 * DAYS, 10), "decided before it was told, and written down after"
    assert not where.has(own, AT + 2 * DAYS, 10), "decided before anybody knew of the meter"


def test_a_coupling_from_before_the_log_was_told_of_such_is_known_before_if_not_until_when() -> None:
    march = task("g_day", 9, 1, "2026-03-01", "2026-03-02")
    late = there(coupled(8, until="2026-02-01", late=True))
    assert late.has(march, AT, 5)
    assert not late.has(march, AT + 9 * DAYS, 10)
    assert not late.has(task("g_day", 9, 1, "2025-12-01", "2025-12-02"), AT, 5)
    assert not there(coupled(8, until="2026-02-01")).has(march, AT, 5), "any other is not known before it is told"


@pytest.mark.database
def test_the_area_of_a_station_is_the_logs_and_not_the_registrys(night: Faulty) -> None:
    meter, area = night.c.execute(
        "select m.key, t.area from kw.meter m join kw.transformer t on t.key = m.transformer order by m.key"
    ).fetchall()[0]
    night.change("update kw.transformer set area = 'elsewhere'")
    night.change("update kw.connection set area = 'elsewhere'")
    known, day, now = Known(night.c, Findings(AT)), date(2026, 11, 23), datetime(2027, 1, 1, tzinfo=UTC)
    station = known.facts(0, meter, day, now, None)
    assert station is not None
    assert station.area == area
    midnight_s = epoch_s(on("2026-11-23"))
    for who, is_there in ((meter, True), (meter + 10**6, False)):
        assert known.is_at(TaskKey(0, who, "e_interval", 0, midnight_s, midnight_s), now, 10**6) is is_there
    home = night.one("select min(key) from kw.connection")
    known.load([home])
    facts = known.facts(home, 0, day, now, None)
    assert facts is not None
    assert facts.area != "elsewhere"
    assert known.facts(0, meter, date(1999, 1, 1), now, None) is None
    placed = night.one("select extract(epoch from lower(placed))::bigint from kw.meter where key = %s", meter)
    body = {"meter": meter, "start": placed, "end": placed + 86_400}
    body["transformer"] = night.one("select transformer from kw.meter where key = %s", meter)
    night.tell(EventKind.METER_REMOVED, None, datetime(2026, 12, 1, tzinfo=UTC), **body)
    assert Known(night.c, Findings(AT)).facts(0, meter, day, now, None) is None, "it is gone, as was told last"
    last = night.one("select max(position) from audit.entry")
    assert Known(night.c, Findings(AT)).facts(0, meter, day, now, last) is not None, "which was not known before"


@pytest.mark.database
def test_what_came_in_before_is_told_once_as_an_import_tells_it(empty_dsn: str, tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    for one in migrations.packaged().iterdir():
        if one.name[:4].isdecimal() and int(one.name[:4]) < 44:
            (older / one.name).write_bytes(one.read_bytes())
    migrate(empty_dsn, older)
    with psycopg.connect(empty_dsn) as c:
        world = World(c)
        transformer = world.transformer('wijk "1"\n\\ é')
        electricity, gas, other = world.connection(transformer=transformer), world.connection("gas"), world.connection("gas")
        meter = world.meter(electricity)
        wrong, right = world.coupling(meter, gas, TO, 1), world.coupling(meter, other, ALWAYS, 2)
        number = rectifications.add(c, Rectification(0, None, gas, "coupling", TO, AT, ()), None, "A. Officer")
        couplings.supersede(c, wrong, number)
    assert migrate(empty_dsn)[0] == "0044_whereabouts"
    (tmp_path / "keys").mkdir(mode=0o700)
    (tmp_path / "audit").mkdir()
    log = Log(signing.create(tmp_path / "keys", "kwartier.test/log"), tmp_path / "audit")
    with psycopg.connect(empty_dsn) as c:
        log.integrate(c)
        found = [one for page in evidence.pages(c) for one in page]
        assert all(canonical(json.loads(one.leaf)) == one.leaf for one in found)
        span = {"start": epoch_s(TO.start), "end": epoch_s(on("2026-02-01"))}
        always = {"start": epoch_s(ALWAYS.start), "end": None}
        assert [(one.kind, one.connection, one.said["body"]) for one in found] == [
            ("transformer:registered", None, {"transformer": transformer, "area": 'wijk "1"\n\\ é'}),
            *(
                ("connection:registered", key, {"connection": key, "product": product, "area": "wijk-01", "transformer": at})
                for key, product, at in ((electricity, "electricity", transformer), (gas, "gas", None), (other, "gas", None))
            ),
            ("coupling:began", gas, {"coupling": wrong, "late": True, "meter": meter, "mbus": 1, **span}),
            ("coupling:began", other, {"coupling": right, "late": True, "meter": meter, "mbus": 2, **always}),
            ("coupling:superseded", gas, {"coupling": wrong, "late": True, "meter": meter, "mbus": 1, **span}),
            ("looks:named", None, {}),  # a later migration tells a log that has lines
        ]
        findings = Findings(AT)
        registry.check(c, Known(c, findings), findings, Gone(findings))
        assert {one.detail["table"] for one in findings.findings} == {"meter"}, "this one was told when it came, and was not here"
