"""The form in which lines of batches are stored: what a migration makes of rows of their own, and of chains."""

import random
import shutil
from pathlib import Path
from typing import Any

import psycopg

from kwartier.audit import ledger
from kwartier.audit.chain import Head, Key
from kwartier.store.postgres import migrate, migrations

LINES = (
    "select entry, connection, number, subject, salt, salt_check, body, link, nth, before from audit.leaf order by entry, number"
)


def before_blocks(folder: Path) -> Path:
    """Return the migrations up to the one that gathers lines into rows of 64."""
    folder.mkdir()
    for one in migrations.packaged().iterdir():
        if one.name[:4].isdecimal() and int(one.name[:4]) < 17:
            (folder / one.name).write_bytes(one.read_bytes())
    return folder


def test_lines_and_chains_from_before_are_as_they_were(empty_dsn: str, tmp_path: Path) -> None:
    older = before_blocks(tmp_path / "older")
    migrate(empty_dsn, older)
    draw = random.Random(1)

    def some(size: int) -> bytes:
        return bytes(draw.randrange(1, 256) for _ in range(size))

    with psycopg.connect(empty_dsn) as c:
        add = "insert into audit.leaf (entry, connection, number, body, subject, salt, salt_check, link, nth, before)"
        for entry, count in ((1, 1), (2, 64), (3, 65), (4, 200)):
            for number in range(count):
                tag, salt, check, link, last = some(32), some(16), some(8), some(16), some(32) if number else bytes(32)
                kinds: list[tuple[Any, ...]] = [
                    (tag, salt, check, link, number + 1, last),
                    (None,) * 6,  # about nobody
                    (tag, salt, check, None, None, None),  # from before there were chains
                    (tag, None, check, link, None, None),  # untied
                ]
                values = (entry, draw.randrange(1 << 50), number, some(draw.randrange(1, 90)), *kinds[number % 4])
                c.execute(f"{add} values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", values)
        heads = {Key(draw.randrange(300 if n % 2 else 1 << 50) if n else 0, some(16)): Head(n + 1, some(32)) for n in range(180)}
        for key, head in heads.items():
            for batch in (True, False):
                c.execute(
                    "insert into audit.head (connection, batch, who, nth, last) values (%s, %s, %s, %s, %s)",
                    (key[0], batch, key[1], *head),
                )
        stored = c.execute(LINES).fetchall()
    shutil.copytree(str(migrations.packaged()), tmp_path / "now", dirs_exist_ok=True)
    assert "0017_blocks" in migrate(empty_dsn, tmp_path / "now")
    with psycopg.connect(empty_dsn) as c:
        assert c.execute(LINES).fetchall() == stored
        assert dict(ledger.standings(c)) == heads
        assert c.execute("select count(*) from audit.head").fetchone() == (len(heads),)
        key, head = next(iter(heads.items()))
        assert ledger.connections_of(c, [key.who])[key.who] == {key.connection}
        ledger.forget(c, key)
        assert dict(ledger.standings(c)) == {other: at for other, at in heads.items() if other != key}
        taken = ledger.taken(ledger.ask(c, [key.connection]))
        taken[key.connection >> ledger.SHIFT][ledger.name(*key)] = head
        ledger.keep(c, taken)
        assert dict(ledger.standings(c)) == heads
