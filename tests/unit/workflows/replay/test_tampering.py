"""Whoever has the whole database, but neither the signing key nor the witness, changes nothing unseen that the witness has seen.

Each attempt is drawn from a seed: what is done (see `ATTEMPTS`), to which line, and whether the tree is made to fit again, nodes
and roots, as somebody would who knows how the log works. It is detected by the replay's walk through the log, or by the witness.
"""

import json
import random
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kwartier.audit import blocks, checkpoint, evidence, ledger, tiles, tree
from kwartier.audit.errors import AuditError
from kwartier.audit.events import EventKind
from kwartier.audit.lines import EVER
from kwartier.audit.witness import Refused, Witness
from kwartier.workflows.installation import Installation
from kwartier.workflows.replay.chain import Chain
from kwartier.workflows.replay.findings import Findings
from replay_support import Faulty

pytestmark = pytest.mark.database
AT = 1_795_000_000
LOTS, LOT = 25, 40
PEER = Path(__file__).parents[3] / "rfc6962_peer.py"


@pytest.fixture
def witness(night: Faulty, tmp_path: Path) -> Iterator[Witness]:
    """Give a witness that has seen the whole log of the night."""
    made = Witness(tmp_path / "witness", "witness.test/w", night.house.log.vkey)
    asked(night, made)
    yield made
    made.close()


def asked(night: Faulty, witness: Witness) -> str:
    """Show the last checkpoint to the witness, return its countersignature. Raises Refused, AuditError."""
    size, note = night.c.execute("select size, note from audit.checkpoint order by size desc limit 1").fetchone() or (0, "")
    old = witness.seen.size
    proof = night.house.log.consistency(night.c, old, size)
    body = "\n".join([f"old {old}", *(b64encode(one).decode() for one in proof)]) + f"\n\n{note}"
    return witness.add(body.encode(), AT)


def detected(night: Faulty, witness: Witness, *, whole: bool) -> bool:
    """Tell whether the replay or the witness sees it; `whole` replays the facts too, not the log alone."""
    if whole and night.codes():
        return True
    found = Findings(night.at)
    try:
        for _ in Chain(night.c, night.house.log, found).entries():
            pass
        asked(night, witness)
    except (Refused, AuditError, ValueError):  # a line that is no JSON stops the walk
        return True
    return bool(found.findings)


def refit(night: Faulty) -> None:
    """Make places, nodes and the roots beside the signatures fit the entries that there are now."""
    c = night.c
    c.execute("create temporary table fit as select id, row_number() over (order by position) - 1 as place from audit.entry")
    c.execute("update audit.entry set position = -position - 1")
    c.execute("update audit.entry e set position = fit.place from fit where fit.id = e.id")
    c.execute("drop table fit")
    leaves = [row[0] for row in c.execute("select leaf from audit.entry order by position")]
    c.execute("delete from audit.tile")
    tiles.append(c, 0, [tree.leaf_hash(one) for one in leaves])
    for (size,) in c.execute("select size from audit.checkpoint where size <= %s", (len(leaves),)).fetchall():
        c.execute("update audit.checkpoint set root = %s where size = %s", (tiles.root(c, size), size))


def entry(night: Faulty, draw: random.Random, *, personal: bool = False) -> int:
    """Draw an entry."""
    about = " where subject is not null" if personal else ""
    ids = [row[0] for row in night.c.execute(f"select id from audit.entry{about} order by id")]  # noqa: S608 - ours
    return int(draw.choice(ids))


def change(night: Faulty, draw: random.Random) -> None:
    """Say something else in a line."""
    leaf = bytearray(night.one("select leaf from audit.entry where id = %s", number := entry(night, draw)))
    digits = [place for place, one in enumerate(leaf) if chr(one).isdigit()]
    leaf[draw.choice(digits)] ^= 1
    night.change("update audit.entry set leaf = %s where id = %s", bytes(leaf), number)


def delete(night: Faulty, draw: random.Random) -> None:
    """Take a line away."""
    night.change("delete from audit.entry where id = %s", entry(night, draw))


def insert(night: Faulty, draw: random.Random) -> None:
    """Put a line in between: a copy of another, which fits its own columns."""
    at = night.one("select position from audit.entry where id = %s", entry(night, draw))
    night.change("update audit.entry set position = -position - 2 where position >= %s", at)
    night.change("update audit.entry set position = -position - 1 where position < -1")
    columns = "at, connection, kind, subject, salt, leaf, nth, before, who"
    night.change(
        f"insert into audit.entry (id, position, {columns}) select 900000, %s, {columns} from audit.entry where id = %s",  # noqa: S608 - ours
        at,
        entry(night, draw),
    )


def reorder(night: Faulty, draw: random.Random) -> None:
    """Exchange two lines."""
    one, other = entry(night, draw), entry(night, draw)
    while night.one("select leaf from audit.entry where id = %s", one) == night.one(
        "select leaf from audit.entry where id = %s", other
    ):
        other = entry(night, draw)
    first, second = (night.one("select position from audit.entry where id = %s", each) for each in (one, other))
    night.change("update audit.entry set position = -1 - position where id = any(%s)", [one, other])
    night.change("update audit.entry set position = %s where id = %s", second, one)
    night.change("update audit.entry set position = %s where id = %s", first, other)


def fork(night: Faulty, draw: random.Random) -> None:
    """Go on differently from some line: what came after it goes, and as many others come."""
    size = night.one("select count(*) from audit.entry")
    keep = draw.randrange(1, size)
    night.change("delete from audit.entry where position >= %s", keep)
    columns = "at, connection, kind, subject, salt, leaf, nth, before, who"
    night.change(
        f"insert into audit.entry (id, position, {columns}) select 900000 + n, %s + n, {columns}"  # noqa: S608 - ours
        " from audit.entry, generate_series(0, %s) as n where position = 0",
        keep,
        size - keep - 1,
    )


def omit(night: Faulty, draw: random.Random) -> None:
    """Leave out a line about a person: a single event, or a line of a batch."""
    if draw.random() < 0.5:
        night.change("delete from audit.entry where id = %s", entry(night, draw, personal=True))
        return
    lines = night.c.execute("select entry, number from audit.leaf where subject is not null order by 1, 2").fetchall()
    batch, number = draw.choice(lines)
    night.change("delete from audit.leaf where entry = %s and number = %s", batch, number)
    night.c.execute("update audit.leaf set number = -number where entry = %s and number > %s", (batch, number))
    night.c.execute("update audit.leaf set number = -number - 1 where entry = %s and number < 0", (batch,))


def roll_back(night: Faulty, draw: random.Random) -> None:
    """Give back an older state, whole in itself and signed."""
    sizes = sorted(evidence.checkpoints(night.c))
    size = draw.choice(sizes[:-1])
    night.c.execute("delete from audit.leaf where entry in (select id from audit.entry where position >= %s)", (size,))
    night.change("delete from audit.entry where position >= %s", size)
    night.c.execute("delete from audit.cosignature where size > %s", (size,))
    night.change("delete from audit.checkpoint where size > %s", size)
    leaves = [row[0] for row in night.c.execute("select leaf from audit.entry order by position")]
    night.change("delete from audit.tile")
    tiles.append(night.c, 0, [tree.leaf_hash(one) for one in leaves])


def forge(night: Faulty, draw: random.Random) -> None:
    """Make a permission that nobody gave: a new one, or an old one made wider."""
    night.c.execute("alter table kw.permission disable trigger user")
    key = draw.choice([row[0] for row in night.c.execute("select id from kw.permission where party is not null order by id")])
    if draw.random() < 0.5:
        night.change("update kw.permission set data = tstzrange('2001-01-01Z', upper(data)) where id = %s", key)
        return
    night.c.execute("alter table kw.permission enable trigger user")
    night.change(
        "insert into kw.permission (connection, subject, party, mask, purpose, data, live)"
        " select connection, subject, party, mask, 'another purpose', data, live from kw.permission where id = %s",
        key,
    )


MOVES = (
    ("connection", "update kw.connection set area = area || '-other' where key = %s"),
    ("transformer", "update kw.transformer set area = area || '-other' where key = %s"),
    ("meter", "update kw.meter set placed = tstzrange(lower(placed) + interval '1 day', upper(placed)) where key = %s"),
    ("coupling", "update kw.coupling set mbus = mbus % 4 + 1 where id = %s"),
    ("coupling", "delete from kw.coupling where id = %s"),
)


def move(night: Faulty, draw: random.Random) -> None:
    """Put a home, a transformer, a meter or a gas meter where it is not."""
    table, query = draw.choice(MOVES)
    key = "id" if table == "coupling" else "key"
    keys = [row[0] for row in night.c.execute(f"select {key} from kw.{table} order by 1")]  # noqa: S608 - a fixed list
    night.change(query.replace(" % ", " %% "), draw.choice(keys))


def single(night: Faulty, draw: random.Random, *, last: bool) -> int:
    """Untie an event from its person: the last of a chain, or one that others follow. Return its connection."""
    ends = "not" if last else ""
    found = night.c.execute(
        f"select id, connection from audit.event e where nth is not null and {ends} exists ("  # noqa: S608 - fixed words
        "select from audit.event l where l.connection = e.connection and l.who = e.who and l.nth > e.nth) order by id"
    ).fetchall()
    entry, connection = draw.choice(found)
    night.change("update audit.event set salt = null, nth = null, before = null, who = null where id = %s", entry)
    return int(connection)


def line(night: Faulty, draw: random.Random, *, last: bool) -> int:
    """Do the same to a line of a batch; of the last one, the index says that the chain ends before it."""
    ends = {(one.connection, one.last): one for one in evidence.standings(night.c) if one.batch}
    batches = [row[0] for row in night.c.execute("select distinct entry from audit.block order by 1")]
    lines = [(batch, one) for batch in batches for one in blocks.of_entry(night.c, batch) if one.nth]
    batch, chosen = draw.choice([each for each in lines if last == ((each[1].connection, tree.leaf_hash(each[1].data)) in ends)])
    night.change(
        "update audit.leaf set salt = null, nth = null, before = null where (entry, number) = (%s, %s)", batch, chosen.number
    )
    if last:
        assert chosen.nth is not None
        assert chosen.before is not None
        heads = ledger.taken(ledger.ask(night.c, [chosen.connection]))
        row = heads[chosen.connection >> ledger.SHIFT]
        name = ledger.name(chosen.connection, ends[chosen.connection, tree.leaf_hash(chosen.data)].who)
        row[name] = chosen.nth - 1, chosen.before
        if chosen.nth == 1:
            del row[name]
        ledger.keep(night.c, heads)
    return chosen.connection


def untie(night: Faulty, draw: random.Random) -> None:
    """Hide a line from its person, or all of a person's lines at a connection, and have the log say that somebody was forgotten."""
    how, last = draw.choice((single, line, None)), draw.random() < 0.5
    if how is None:
        code, place = draw.choice(
            night.c.execute(
                "select s.code, o.connection from kw.occupancy o join kw.subject s on s.key = o.subject order by o.id"
            ).fetchall()
        )
        assert night.house.log.erase(night.c, code, place, EVER) > 0
        night.house.log.integrate(night.c)
        return
    night.tell(EventKind.ERASURE_DONE, how(night, draw, last=last) or None, night.at, lines=1)


ATTEMPTS: tuple[Callable[[Faulty, random.Random], None], ...] = (
    change, delete, insert, reorder, fork, omit, roll_back, forge, move, untie,
)  # fmt: skip
OF_FACTS = (forge, move)
"""What leaves the log as it is: that is for the replay of facts to find."""


# Rows that are rolled back stay in the tables until the transaction ends, and each attempt reads past those of all before it: so a
# thousand are tried in lots, each on a night of its own.
@pytest.mark.parametrize("lot", [0, *(pytest.param(one, marks=pytest.mark.full) for one in range(1, LOTS))])
def test_every_attempt_is_detected(night: Faulty, witness: Witness, lot: int) -> None:
    for table in ("head", "cosignature"):
        night.c.execute(f"alter table audit.{table} disable trigger user")
    for drop in night.c.execute(
        "select conrelid::regclass, conname from pg_constraint where contype = 'c' and conrelid::regclass::text like 'audit.%'"
    ).fetchall():
        night.c.execute(f'alter table {drop[0]} drop constraint "{drop[1]}"')
    night.c.execute("drop index audit.chain")
    assert not detected(night, witness, whole=True)
    for seed in range(lot * LOT, lot * LOT + LOT):
        draw = random.Random(seed)
        attempt = ATTEMPTS[seed % len(ATTEMPTS)]
        with night.c.transaction() as inner:
            attempt(night, draw)
            if attempt not in {*OF_FACTS, roll_back} and draw.random() < 0.7:
                refit(night)
            assert detected(night, witness, whole=attempt in OF_FACTS), (seed, attempt.__name__)
            raise psycopg.Rollback(inner)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("how", [single, line])
@pytest.mark.parametrize("seed", range(3))
def test_a_line_is_not_hidden_from_its_person(night: Faulty, how: Callable[..., int], *, last: bool, seed: int) -> None:
    """Whatever the log is told afterwards: nobody was forgotten there, nor in part."""
    place = how(night, random.Random(seed), last=last)
    night.tell(EventKind.ERASURE_DONE, place or None, night.at, lines=1)
    assert night.codes() >= {"erasure-of-nobody"} | (set() if last else {"untied-in-part"})


def test_an_untied_line_of_a_batch_is_about_the_connection_that_it_names(night: Faulty) -> None:
    """What is hashed says it; the column beside it could put the line where somebody was forgotten."""
    line(night, random.Random(1), last=False)
    assert "index-differs" not in night.codes()
    night.change("update audit.leaf set connection = connection + 1 where subject is not null and salt is null")
    assert "index-differs" in night.codes()


def test_who_is_forgotten_behind_the_log_is_found_too(night: Faulty) -> None:
    """All that is said of somebody, and the name in the registry: but nobody asked for it, and the term is not over."""
    code, place = night.c.execute(
        "select s.code, o.connection from kw.occupancy o join kw.subject s on s.key = o.subject order by o.id limit 1"
    ).fetchone() or ("", 0)
    night.house.log.forget(night.c, code, [place])
    night.house.log.integrate(night.c)
    assert "erasure-of-nobody" in night.codes()
    night.change("update kw.subject set code = 'forgotten:' || key where code = %s", code)
    assert night.codes() == {"forgotten-unasked"}


def test_the_roots_are_those_of_an_independent_implementation(house: Installation) -> None:
    """Every checkpoint, and every batch, by a program of its own that knows nothing of Kwartier."""
    asked_of: list[tuple[list[bytes], dict[int, str]]] = []
    with house.operator() as c:
        entries = [one for page in evidence.pages(c) for one in page]
        asked_of.append(([one.leaf for one in entries], {size: root.hex() for size, (root, _) in evidence.checkpoints(c).items()}))
        for one in entries:
            if one.kind.startswith("batch:"):
                lines = [canonical_line(row) for row in evidence.lines(c, one.id)]
                asked_of.append((lines, {one.said["body"]["leaves"]: one.said["body"]["root"]}))
    text = "".join(json.dumps([[leaf.hex() for leaf in leaves], list(roots)]) + "\n" for leaves, roots in asked_of)
    said = subprocess.run([sys.executable, "-I", str(PEER)], input=text, capture_output=True, text=True, check=True).stdout
    assert len(asked_of) > 1
    assert [json.loads(line) for line in said.splitlines()] == [list(roots.values()) for _, roots in asked_of]


@pytest.mark.parametrize("column", ["connections", "subjects", "links", "ends", "bodies", "ties"])
def test_a_row_of_a_batch_that_is_none_is_a_finding(night: Faulty, witness: Witness, column: str) -> None:
    for (name,) in night.c.execute("select conname from pg_constraint where contype = 'c' and conrelid = 'audit.block'::regclass"):
        night.c.execute(f'alter table audit.block drop constraint "{name}"')
    night.change(
        f"update audit.block set {column} = substr({column}, 1, length({column}) - 1)"  # noqa: S608 - a fixed list
        " where (entry, first) = (select entry, first from audit.block order by 1, 2 limit 1)"
    )
    assert detected(night, witness, whole=False)


def walked(night: Faulty, witness: Witness) -> dict[str, object]:
    """Return why a checkpoint is refused by a walk through the log that knows the witness, by its size."""
    found = Findings(night.at)
    for _ in Chain(night.c, night.house.log, found, witness.vkey).entries():
        pass
    assert {one.code for one in found.findings} <= {"checkpoint-refused"}
    return {str(one.detail["size"]): one.detail["why"] for one in found.findings}


def countersigned(night: Faulty, witness: Witness) -> str:
    """Have the witness sign the log as it stands, and keep that; return its line."""
    line = asked(night, witness)
    row = witness.seen.size, witness.vkey.split("+", 1)[0], line, AT
    night.c.execute("insert into audit.cosignature values (%s, %s, %s, %s)", row)
    return line


def test_a_countersignature_is_the_witnesses_own(night: Faulty, witness: Witness, tmp_path: Path) -> None:
    line, size = countersigned(night, witness), witness.seen.size
    name = witness.vkey.split("+", 1)[0]
    assert walked(night, witness) == {}
    for change, value in (("signed_s", AT - 1), ("line", line[:-9] + line[-9:].swapcase()), ("line", "")):
        with night.c.transaction() as inner:
            night.change(f"update audit.cosignature set {change} = %s", value)  # noqa: S608 - a fixed list
            assert set(walked(night, witness)) == {str(size)}
            raise psycopg.Rollback(inner)
    impostor = Witness(tmp_path / "impostor", name, night.house.log.vkey)
    night.c.execute("update audit.cosignature set line = %s", (asked(night, impostor),))
    assert walked(night, witness) == {str(size): "not-witnessed"}
    impostor.close()


def test_every_signature_of_the_log_is_its_own(night: Faulty, witness: Witness) -> None:
    countersigned(night, witness)
    sizes = sorted(evidence.checkpoints(night.c))
    note = night.one("select note from audit.checkpoint where size = %s", sizes[0])
    changed = note.replace(f"\n{sizes[0]}\n", f"\n{sizes[0] + 1}\n")
    night.change("update audit.checkpoint set note = %s where size = %s", changed, sizes[0])
    assert str(sizes[0]) in walked(night, witness)


def canonical_line(line: evidence.Line) -> bytes:
    said = {"body": json.loads(line.body)}
    if line.subject is not None and line.tie is not None and line.tie.link is not None:
        said |= {"link": line.tie.link.hex(), "subject": line.subject.hex()}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_the_published_file_is_what_the_witness_saw(night: Faulty, witness: Witness) -> None:
    shown = checkpoint.published(night.house.data / "audit")
    assert shown is not None
    assert shown[0] == witness.seen.size
