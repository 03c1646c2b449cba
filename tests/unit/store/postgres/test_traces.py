"""Files of the write-ahead log are used again: what was erased must not lie in one that waits for it."""

from pathlib import Path

import psycopg
import pytest

from erasure_support import in_bytes
from kwartier.store.postgres import TracesLeft, traces
from kwartier.store.postgres.server import embedded
from postgres_support import FAST

CANARY = b"a canary that nobody else says"


def _erased(admin: psycopg.Connection) -> Path:
    """Write something into several segments of the log, and erase it; return where the log lies."""
    admin.execute("create table held (value text)")
    for _ in range(6):
        admin.execute("insert into held values (%s)", (CANARY.decode(),))
        admin.execute("select pg_switch_wal()")
    admin.execute("drop table held")
    admin.execute("checkpoint")
    (data,) = admin.execute("show data_directory").fetchone() or ("",)
    return Path(data) / "pg_wal"


def test_what_was_erased_is_in_no_segment_that_waits_to_be_used_again(tmp_path: Path, postgres_programs: Path) -> None:
    with (
        embedded(tmp_path, programs=postgres_programs, options=FAST) as dsn,
        psycopg.connect(dsn, autocommit=True) as admin,
    ):
        log = _erased(admin)
        (current,) = admin.execute("select pg_walfile_name(pg_current_wal_insert_lsn())").fetchone() or ("",)
        found = in_bytes(log, {"canary": CANARY})["canary"]
        assert [name for name in found if name > current], "else there is nothing to write over"
        traces.begin_anew(dsn)
        assert in_bytes(log, {"canary": CANARY}) == {"canary": []}
        traces.begin_anew(dsn)  # nothing is left to do, and that is no fault


def test_a_log_that_somebody_holds_back_is_told(tmp_path: Path, postgres_programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_TURNS", 3)
    with (
        embedded(tmp_path, programs=postgres_programs, options=FAST) as dsn,
        psycopg.connect(dsn, autocommit=True) as admin,
    ):
        admin.execute("select pg_create_physical_replication_slot('backup', true)")
        log = _erased(admin)
        with pytest.raises(TracesLeft):
            traces.begin_anew(dsn)
        assert in_bytes(log, {"canary": CANARY})["canary"]
