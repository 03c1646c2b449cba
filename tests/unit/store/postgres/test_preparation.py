"""What an administrator gets and what stays here: SQL that anybody may read, and DSNs that nobody else may."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from kwartier.model.errors import BadInput
from kwartier.settings import SettingsError, load
from kwartier.store.postgres import Dsns, check, migrate, prepare
from kwartier.store.postgres.dsns import ROLES
from kwartier.store.postgres.server import embedded


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "kwartier.toml"


@pytest.fixture(params=["superuser", "administrator"])
def somebody(request: pytest.FixtureRequest, tmp_path: Path, postgres_programs: Path) -> Iterator[str]:
    """Give the DSN of a superuser, or of an administrator as a provider of databases gives one."""
    with embedded(tmp_path / "pg", programs=postgres_programs, options=("fsync=off",)) as superuser:
        if request.param == "superuser":
            yield superuser
            return
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("create role chief login createdb createrole password 'chief'")
        yield psycopg.conninfo.make_conninfo(superuser, user="chief", password="chief")  # noqa: S106 - of this test


def dsns(path: Path) -> Dsns:
    chosen = load(path)
    return Dsns(chosen.owner_dsn, chosen.operator_dsn, chosen.portal_dsn, chosen.audit_dsn)


def test_the_sql_prepares_a_server(settings: Path, somebody: str, postgres_programs: Path, tmp_path: Path) -> None:
    where = conninfo_to_dict(somebody)
    script = tmp_path / "prepare.sql"
    script.write_text(prepare(settings, f"host={where['host']} port={where['port']}", 'a "name"'))
    command = [str(postgres_programs / "psql"), "-X", "-q", "-d", somebody, "-f", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    check(dsns(settings))
    assert migrate(dsns(settings).owner)
    check(dsns(settings))
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode != 0
    assert 'role "kw_owner" already exists' in again.stderr


def test_passwords_stay_in_the_settings(settings: Path) -> None:
    settings.write_text("workers = 3\n")
    script = prepare(settings, "host=db.example sslmode=verify-full", "kwartier")
    assert load(settings).workers == 3
    assert settings.stat().st_mode & 0o777 == 0o600
    known = [conninfo_to_dict(dsn) for dsn in dsns(settings).by_role().values()]
    assert [one["user"] for one in known] == list(ROLES)
    assert {(one["host"], one["sslmode"], one["dbname"]) for one in known} == {("db.example", "verify-full", "kwartier")}
    assert len({one["password"] for one in known}) == 4
    assert not any(str(one["password"]) in script for one in known)
    assert len(re.findall(r"password 'SCRAM-SHA-256\$4096:", script)) == 4


def test_a_server_that_is_gone_does_not_look_slow(settings: Path, tmp_path: Path) -> None:
    prepare(settings, "host=db.example", "kwartier")
    assert "connect_timeout=10" in dsns(settings).owner
    prepare(tmp_path / "other.toml", "host=db.example connect_timeout=3", "kwartier")
    assert "connect_timeout=3" in dsns(tmp_path / "other.toml").owner


def test_the_sql_can_be_had_again_for_the_same_passwords(settings: Path) -> None:
    first = prepare(settings, "host=db.example", "kwartier")
    before = settings.read_text()
    second = prepare(settings, "", "ignored: the settings have a name")
    assert settings.read_text() == before
    without_salts = [re.sub(r"SCRAM-\S+", "", text) for text in (first, second)]
    assert without_salts[0] == without_salts[1]


NAMES = ("owner", "operator", "portal", "audit")


@pytest.mark.parametrize(
    ("before", "server"),
    [
        ("", "host=db.example user=me"),
        ("", "host=db.example password=hidden"),
        ("", "host=db.example dbname=other"),
        ("", "db.example hidden"),
        ('admin_dsn = "host=db.example"\n', "host=db.example"),
        ("".join(f'{name}_dsn = "host=db.example"\n' for name in NAMES), ""),
        ("".join(f'{name}_dsn = "user=kw_{name} password=x"\n' for name in NAMES), "host=other"),
        (
            "".join(
                f'{name}_dsn = "user=kw_{name} password=x dbname={name}"\n' for name in ("owner", "operator", "portal", "audit")
            ),
            "",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(settings: Path, before: str, server: str) -> None:
    settings.write_text(before)
    with pytest.raises(BadInput) as caught:
        prepare(settings, server, "kwartier")
    assert settings.read_text() == before
    assert "hidden" not in str(caught.value)


def test_settings_that_are_wrong_are_left_alone(settings: Path) -> None:
    settings.write_text("wrokers = 3\n")
    with pytest.raises(SettingsError):
        prepare(settings, "host=db.example", "kwartier")
    assert settings.read_text() == "wrokers = 3\n"


def test_settings_that_end_in_a_table_are_not_spoiled(settings: Path) -> None:
    settings.write_text("# no line end at the end\nport = 80")
    prepare(settings, "host=db.example", "kwartier")
    assert load(settings).port == 80
