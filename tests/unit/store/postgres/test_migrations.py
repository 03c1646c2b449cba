"""Each migration runs once, in order, whole or not at all, and never changes afterwards."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from kwartier.store.postgres import MigrationBlocked, MigrationChanged, migrate, migrations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("create table a (n integer); insert into a values (1); -- 100% of %s")
    (tmp_path / "0002_second.sql").write_text("alter table a add m integer default 2;")
    (tmp_path / "README.md").write_text("no migration")
    return tmp_path


def test_each_runs_once_in_order(empty_dsn: str, folder: Path) -> None:
    assert migrate(empty_dsn, folder) == ["0001_first", "0002_second"]
    assert migrate(empty_dsn, folder) == []
    (folder / "0010_later.sql").write_text("insert into a values (3, 4)")
    assert migrate(empty_dsn, folder) == ["0010_later"]
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("select n, m from a order by n").fetchall() == [(1, 2), (3, 4)]
        recorded = connection.execute("select number, name, length(sha256), at <= now() from kw_migration order by 1").fetchall()
    assert recorded == [(1, "first", 32, True), (2, "second", 32, True), (10, "later", 32, True)]


def test_a_changed_or_removed_one_is_noticed_before_anything_runs(empty_dsn: str, folder: Path) -> None:
    migrate(empty_dsn, folder)
    (folder / "0003_third.sql").write_text("drop table a")
    text = (folder / "0002_second.sql").read_text()
    (folder / "0002_second.sql").write_text(text + " ")
    with pytest.raises(MigrationChanged, match="0002_second"):
        migrate(empty_dsn, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationChanged, match="0002_second"):
        migrate(empty_dsn, folder)
    (folder / "0002_second.sql").write_text(text)
    assert migrate(empty_dsn, folder) == ["0003_third"]


def test_one_that_fails_leaves_nothing_and_the_earlier_ones_stay(empty_dsn: str, folder: Path) -> None:
    (folder / "0003_third.sql").write_text("create table b (); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_dsn, folder)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("select to_regclass('a') is null, to_regclass('b') is null").fetchone() == (False, True)
    (folder / "0003_third.sql").write_text("create table b ()")
    assert migrate(empty_dsn, folder) == ["0003_third"]


def test_processes_that_migrate_at_once_apply_each_once(empty_dsn: str, folder: Path) -> None:
    for number in range(3, 13):
        (folder / f"{number:04}_more.sql").write_text("insert into a values (0)")
    with ThreadPoolExecutor(4) as pool:
        applied = [name for names in pool.map(lambda _: migrate(empty_dsn, folder), range(4)) for name in names]
    assert sorted(applied) == ["0001_first", "0002_second", *(f"{n:04}_more" for n in range(3, 13))]


def test_one_that_waits_for_a_table_gives_up_and_says_so(empty_dsn: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else everybody who comes after it would wait for it too, as long as a night lasts."""
    monkeypatch.setattr(migrations, "LOCK_WAIT", "50ms")
    migrate(empty_dsn, folder)
    (folder / "0003_third.sql").write_text("create table b (); alter table a add o integer")
    with psycopg.connect(empty_dsn) as somebody:
        somebody.execute("select * from a").fetchall()
        with pytest.raises(MigrationBlocked):
            migrate(empty_dsn, folder)
        assert somebody.execute("select to_regclass('b') is null").fetchone() == (True,)
    assert migrate(empty_dsn, folder) == ["0003_third"]


@pytest.mark.parametrize(("bound", "statement"), [("STATEMENT", "select pg_sleep(60)"), ("TURN", "select 1")])
def test_no_statement_and_no_turn_lasts_for_ever(
    empty_dsn: str, folder: Path, monkeypatch: pytest.MonkeyPatch, bound: str, statement: str
) -> None:
    migrate(empty_dsn, folder)
    monkeypatch.setattr(migrations, bound, "50ms")
    (folder / "0003_third.sql").write_text(statement)
    with psycopg.connect(empty_dsn) as somebody:
        if bound == "TURN":
            somebody.execute("select pg_advisory_xact_lock(%s)", [migrations.LOCK])
        with pytest.raises(MigrationBlocked):
            migrate(empty_dsn, folder)


def test_two_of_the_same_number_are_refused(folder: Path) -> None:
    (folder / "0002_other.sql").write_text("")
    with pytest.raises(MigrationChanged, match="number"):
        migrations.read(folder)


def test_the_packaged_ones_are_numbered_from_one_each_once() -> None:
    packaged = migrations.read(migrations.packaged())
    numbers = [each.number for each in packaged]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    assert packaged[0].name == "registry"
