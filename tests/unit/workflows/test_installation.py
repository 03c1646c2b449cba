"""Opening an installation seals names from before that was done, and numbers on where the lake is newer than the registry."""

from datetime import date, timedelta
from pathlib import Path

import psycopg

from kwartier.model.channel_day import ChannelDay
from kwartier.model.register import Channel
from kwartier.store.postgres import Dsns
from kwartier.store.readings import Readings
from kwartier.store.registry import names, nights, people
from kwartier.workflows import enrolment, installation


def test_names_in_clear_are_sealed_at_the_next_opening_and_their_column_goes(installation_dir: Path, dsns: Dsns) -> None:
    with psycopg.connect(dsns.owner) as c:
        c.execute("alter table kw.subject add column name text")
        c.execute(
            "insert into kw.subject (code, name, recorded) select 'C' || n, 'Person ' || n, now() from generate_series(1, 25) n"
        )
        c.execute("insert into kw.subject (code, recorded) values ('nameless', now())")
    installation.create(installation_dir)
    for _ in range(2):
        with installation.opened(installation_dir) as house, house.operator() as c:
            assert [house.name_of(one) for n in (1, 25) if (one := names.person(c, code=f"C{n}"))] == ["Person 1", "Person 25"]
            nobody = names.person(c, code="nameless")
            assert nobody is not None
            assert house.name_of(nobody) == ""
            assert c.execute("select count(*) from kw.subject_key").fetchone() == (25,)
            assert "name" not in {column.name for column in c.execute("select * from kw.subject limit 0").description or ()}


def test_an_import_seals_names_and_a_new_name_keeps_the_key(installation_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with installation.opened(installation_dir, make=True) as house:
        counts: list[tuple[int, int, int]] = []
        first = installation.system_clock()
        for name in ("Anna", "Anna", "Anna Zoë"):
            (folder / "subjects.csv").write_text(f"code,name\nC1,{name}\n", "utf-8")
            report = enrolment.take(house, folder, dry_run=False, at=first + timedelta(days=len(counts)))
            counts.append((report.added, report.unchanged, report.changed))
            with house.operator() as c:
                person = names.person(c, code="C1")
                assert person is not None
                assert house.name_of(person) == name
                assert c.execute("select count(distinct wrapped) from kw.subject_key").fetchone() == (1,)
                assert people.recorded(c, person.key) == first
        assert counts == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_an_older_registry_gives_no_number_that_the_lake_knows(installation_dir: Path) -> None:
    """Otherwise a batch would be taken for one that is done, and its readings lost; or readings be shown as another home's."""
    installation.create(installation_dir)
    lake = Readings(installation_dir / "lake")
    lost = ChannelDay(40, Channel.IMPORT, date(2026, 11, 24), 1_000_000, bytes(4 * 96), b"", 1, 7, 5)
    assert lake.commit(5, lake.stage(5, [lost]))
    for expected in (6, 7):
        with installation.opened(installation_dir) as house, house.operator() as c:
            assert nights.plan_batch(c, None) == expected
    with installation.opened(installation_dir) as house, house.operator() as c:
        key = c.execute(
            "insert into kw.connection (ean, product, area, capacity_w) values (%s, 'electricity', 'a', 1) returning key",
            ("1" * 18,),
        ).fetchone()
        assert key == (41,)
