"""Files of facts that hold for a time: agreements, occupancies, contracts, restrictions, couplings.

Such a fact is known by whom it binds and when it begins. A row that names one with another end changes that end, as long as
the end that is stored has not passed; any other row is new, or overlaps and is refused.
"""

from kwartier.store.registry import late as _late
from kwartier.store.registry.imports.spec import Spec

_JUDGE = """
    select i.line, i.raw, {label} as label, {keys}, tstzrange(i.first, i.until) as period, h.id as had,
        case when i.nth > 1 then 'duplicate' {codes}
            when upper(h.period) <= %(at)s and upper(h.period) is distinct from i.until then 'already-ended' end as code,
        case when h.id is null then 'new' when upper(h.period) is not distinct from i.until then 'same'
            when coalesce(i.until, 'infinity') > coalesce(upper(h.period), 'infinity') then 'extended'
            else 'changed' end as verdict
    from i {joins} left join kw.{table} h on {match} and lower(h.period) = i.first
"""
_UPDATE = """
    with ended as (
        update kw.{table} h set period = j.period from taken j where h.id = j.had returning h.id, upper(h.period))
    insert into kw.stop (fact, ref, at) select '{table}', * from ended where '{table}' in ('agreement', 'occupancy', 'supply')
"""
_EXTEND = "update kw.{table} h set period = j.period from taken j where h.id = j.had and j.line = %(line)s"
_INSERT = """
    insert into kw.{table} ({names}, period) select {names}, period from taken order by line on conflict do nothing
"""
_LANDED = "exists (select from kw.{table} h where {same} and lower(h.period) = lower(j.period))"
_EVENTS = """
    select case j.verdict when 'new' then '{table}:began' else '{table}:ended' end, {about},
        jsonb_build_object('{table}', h.id, {body}'start', floor(extract(epoch from lower(h.period)))::bigint,
            'end', floor(extract(epoch from upper(h.period)))::bigint)
    from judged j join kw.{table} h on {same} and lower(h.period) = lower(j.period) {beside}
    where j.code is null and j.verdict <> 'same' order by j.line
"""
# Of connections of which such a fact was known before: what comes with a connection is its past, not a change that is told late.
# Also what was a moment ago: the night that would still ask for it may have decided while the import ran.
_LATE = """
    with fresh as (
        select h.id, h.connection, h.period from pg_temp.judged j join kw.{table} h on {same} and lower(h.period) = lower(j.period)
        where j.code is null and j.verdict = 'new'),
    told as (
        select connection, lower(period) as moment from fresh union select connection, upper(period) from fresh
        union select h.connection, upper(h.period) from pg_temp.judged j
            join kw.{table} h on {same} and lower(h.period) = lower(j.period)
        where j.code is null and j.verdict in ('changed', 'extended'))
    insert into kw.late_change (connection, moment, told)
    select t.connection, t.moment, %(at)s from told t where t.moment <= %(at)s
        and t.moment > %(at)s - interval '60 months' and exists (
            select from kw.{table} e where e.connection = t.connection and e.id not in (select id from fresh))
    on conflict do nothing
"""
"""Five years: so long the readings of a switch or a move are kept."""
# What was taken by hand in the time of a supply, or of a restriction, that is told after it: a delivery round looks whose it is.
_BY_HAND = """
    insert into kw.hand_waiting (reading)
    select r.id from pg_temp.judged j join kw.{table} h on {same} and lower(h.period) = lower(j.period)
    join kw.hand_reading r on r.connection = any({places}) and r.at >= lower(h.period) and coalesce(r.at <= upper(h.period), true)
    where j.code is null and j.verdict <> 'same' on conflict do nothing
"""
# Who left before it was told, if anything was asked of the meter or handed over since: in the name of the wrong person.
_LEFT = """
    insert into pg_temp.moved (connection, subject, wrong, here)
    select h.connection, h.subject, tstzrange(upper(h.period), %(at)s), false
    from pg_temp.judged j join kw.occupancy h on h.id = j.had
    where j.code is null and j.verdict = 'changed' and upper(h.period) < %(at)s and (
        exists (select from kw.outcome u
            where u.connection = h.connection and u.last_s > extract(epoch from upper(h.period))::bigint)
        or exists (select from kw.parcel p where p.connection = h.connection and p.status = 'delivered'
            and kw.shares(tstzrange(upper(h.period), %(at)s), p.period) and kw.astray(p.connection, p.subject, p.period)))
"""
# Who came before it was told, if who left was told just now or before, or if something was said of somebody else meanwhile.
_CAME = """
    insert into pg_temp.moved (connection, subject, wrong, here)
    select h.connection, h.subject, h.period * tstzrange(null, %(at)s), true
    from pg_temp.judged j join kw.occupancy h on h.connection = j.connection and h.subject = j.subject
        and lower(h.period) = lower(j.period)
    where j.code is null and j.verdict = 'new' and lower(h.period) < %(at)s and (
        exists (select from pg_temp.moved m where m.connection = h.connection and m.wrong && h.period)
        or exists (select from kw.rectification x
            where x.connection = h.connection and x.fact = 'occupancy' and x.wrong && h.period)
        or exists (select from kw.parcel p where p.connection = h.connection and p.status = 'delivered'
            and kw.shares(h.period, p.period) and kw.astray(p.connection, p.subject, p.period)))
"""
# Supplies told after they began, of connections that were supplied before: of others it is the past that comes with them.
_SUPPLIED = """
    with fresh as (
        select h.id, h.connection, lower(h.period) as first from pg_temp.judged j join kw.supply h on {same}
            and lower(h.period) = lower(j.period) where j.code is null and j.verdict = 'new')
    insert into pg_temp.supplied (supply)
    select f.id from fresh f where f.first <= %(at)s and exists (
        select from kw.supply e where e.connection = f.connection and e.id not in (select id from fresh))
"""
# A supplier's agreement that is told after it began: what was refused to it meanwhile waits.
_AGREED = _late.AGAIN.format(
    source="""
        select h.party as key, {lacked} as since from pg_temp.judged j
        join kw.agreement h on {same} and lower(h.period) = lower(j.period)
        where j.code is null and j.verdict = 'new' and h.period @> %(at)s::timestamptz
    """.replace("{lacked}", _late.LACKED),
    **_late.OF_PARTY,
)
# One that is told before: that waits until it begins.
_TO_COME = """
    insert into kw.agreement_to_come (agreement)
    select h.id from pg_temp.judged j join kw.agreement h on {same} and lower(h.period) = lower(j.period)
    where j.code is null and j.verdict = 'new' and lower(h.period) > %(at)s on conflict do nothing
"""
_ITSELF = "array[h.connection]"
_WITH_ITS_GAS = """
    array(select h.connection union select k.connection from kw.meter m join kw.coupling k on k.meter = m.key
        where m.connection = h.connection)
"""
_SPAN = (("first", "timestamptz"), ("until", "timestamptz"))
_EAN = "'...' || right(i.ean, 4)"


def _filled(template: str, **parts: str) -> str:
    for name, part in parts.items():
        template = template.replace("{" + name + "}", part)
    return template


def _spec(  # noqa: PLR0913 - the parts in which five files differ, each named
    file: str,
    table: str,
    columns: tuple[str, ...],
    *,
    label: str,
    keys: dict[str, str],
    joins: str,
    codes: str,
    about: str | None = None,
    body: str = "",
    beside: str = "",
    is_boundary: bool = False,
    by_hand: str | None = None,
    late: tuple[str, ...] = (),
) -> Spec:
    """Fill the templates. `keys` are the columns of the table that say whom the fact binds, with where each comes from.

    `is_boundary`: suppliers get the register of its begin and its end. `by_hand`: at which connections it lets a supplier have
    what was taken by hand. `late`: what else is written down of what was told late, or before it begins, by templates of its own.
    """
    match = " and ".join(f"h.{name} = {source}" for name, source in keys.items())
    same = " and ".join(f"h.{name} = j.{name}" for name in keys)
    listed = ", ".join(f"{source} as {name}" for name, source in keys.items())
    parts = {"table": table, "match": match, "same": same, "names": ", ".join(keys)}
    return Spec(
        file=file,
        columns=(*((name, "smallint" if name == "mbus" else "text") for name in columns), *_SPAN),
        natural=", ".join((*columns, "first")),
        judge=_filled(_JUDGE, label=label, keys=listed, codes=codes, joins=joins, **parts),
        update=_filled(_UPDATE, **parts),
        extend=_filled(_EXTEND, **parts),
        insert=_filled(_INSERT, **parts),
        landed=_filled(_LANDED, **parts),
        events=None if about is None else _filled(_EVENTS, about=about, body=body, beside=beside, **parts),
        late=(
            *([_filled(_LATE, **parts)] if is_boundary else ()),
            *([] if by_hand is None else [_filled(_BY_HAND, places=by_hand, **parts)]),
            *(_filled(template, **parts) for template in late),
        ),
    )


AGREEMENTS = _spec(
    "agreements.csv",
    "agreement",
    ("party",),
    label="i.party",
    keys={"party": "p.key"},
    joins="left join kw.party p on p.code = i.party",
    codes="when p.key is null then 'unknown-party'",
    about="null::bigint, null::text",
    body="'party', h.party, 'role', a.role, ",
    beside="join kw.party a on a.key = h.party",
    late=(_AGREED, _TO_COME),
)

OCCUPANCIES = _spec(
    "occupancies.csv",
    "occupancy",
    ("ean", "subject"),
    label=_EAN,
    keys={"connection": "c.key", "subject": "s.key"},
    joins="left join kw.connection c on c.ean = i.ean left join kw.subject s on s.code = i.subject",
    codes="when c.key is null then 'unknown-ean' when s.key is null then 'unknown-subject'",
    about="h.connection, s.code",
    beside="join kw.subject s on s.key = h.subject",
    is_boundary=True,
    late=(_LEFT, _CAME),
)

CONTRACTS = _spec(
    "contracts.csv",
    "supply",
    ("ean", "party"),
    label=_EAN,
    keys={"connection": "c.key", "party": "p.key"},
    joins="left join kw.connection c on c.ean = i.ean left join kw.party p on p.code = i.party",
    codes="""when c.key is null then 'unknown-ean' when p.key is null then 'unknown-party'
        when p.role <> 'supplier' then 'not-a-supplier'""",
    about="h.connection, null::text",
    body="'party', h.party, ",
    is_boundary=True,
    by_hand=_ITSELF,
    late=(_SUPPLIED,),
)

RESTRICTIONS = _spec(
    "restrictions.csv",
    "restriction",
    ("ean", "kind"),
    label=_EAN,
    keys={"connection": "c.key", "kind": "i.kind"},
    joins="left join kw.connection c on c.ean = i.ean",
    codes="when c.key is null then 'unknown-ean'",
    about="h.connection, null::text",
    body="'kind', h.kind, ",
    by_hand=_WITH_ITS_GAS,
)

COUPLINGS = _spec(
    "couplings.csv",
    "coupling",
    ("equipment_id", "mbus", "ean"),
    label=_EAN,
    keys={"meter": "m.key", "mbus": "i.mbus", "connection": "c.key"},
    joins="left join kw.meter m on m.equipment_id = i.equipment_id left join kw.connection c on c.ean = i.ean",
    codes="""when m.key is null then 'unknown-meter' when m.connection is null then 'station-meter'
        when m.system_title is null then 'conventional-meter'
        when c.key is null then 'unknown-ean' when c.product <> 'gas' then 'not-gas'
        when exists (select from kw.meter o
            where o.connection = c.key and not isempty(o.placed * m.placed * tstzrange(i.first, i.until))) then 'overlaps'""",
    about="h.connection, null::text",
    body="'meter', h.meter, 'mbus', h.mbus, ",
)
