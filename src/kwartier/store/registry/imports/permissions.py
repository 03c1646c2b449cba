"""Permissions that customers gave elsewhere, by their consent reference. Given once, and never changed but for an earlier end.

One whose giver did not live there when it began, or whose party was not bound then, would be over as it begins: it is put aside, so
that whoever imports hears of it, and may tell the agreement that was there with its true begin and then the permission again.
"""

from kwartier.store.registry.imports.spec import Spec

PERMISSIONS = Spec(
    file="permissions.csv",
    columns=(
        ("reference", "text"),
        ("ean", "text"),
        ("subject", "text"),
        ("party", "text"),
        ("mask_electricity", "integer"),
        ("mask_gas", "integer"),
        ("purpose", "text"),
        ("data_from", "timestamptz"),
        ("data_to", "timestamptz"),
        ("granted", "timestamptz"),
        ("expires", "timestamptz"),
    ),
    natural="reference",
    judge="""
        select i.line, i.raw, '...' || right(i.ean, 4) as label, i.reference, c.key as connection,
            s.key as subject, i.subject as person, y.key as party, x.mask, i.purpose,
            tstzrange(i.data_from, i.data_to) as data, tstzrange(i.granted, i.expires) as live, p.id as had,
            case when i.nth > 1 then 'duplicate' when c.key is null then 'unknown-ean' when s.key is null then 'unknown-subject'
                when i.party is not null and y.key is null then 'unknown-party' when x.mask = 0 then 'no-channels'
                when p.id is null and y.role <> 'third_party' then 'not-a-third-party'
                when p.id is null and not exists (select from kw.occupancy o
                    where o.connection = c.key and o.subject = s.key and o.period @> i.granted) then 'not-an-occupant'
                when p.id is null and y.key is not null and not exists (select from kw.agreement a
                    where a.party = y.key and a.period @> i.granted) then 'no-agreement'
                when (p.connection, p.subject, p.mask, p.purpose, p.data, lower(p.live))
                    <> (c.key, s.key, x.mask, i.purpose, tstzrange(i.data_from, i.data_to), i.granted)
                    or p.id is not null and p.party is distinct from y.key
                    or not z.said and coalesce(i.expires, 'infinity')
                        > case when isempty(t.live) then lower(p.live) else coalesce(upper(t.live), 'infinity') end
                    then 'permission-differs'
            end as code,
            case when p.id is null then 'new' when z.said then 'same' else 'changed' end as verdict
        from i left join kw.connection c on c.ean = i.ean
        cross join lateral (select case c.product when 'gas' then i.mask_gas else i.mask_electricity end as mask) x
        left join kw.subject s on s.code = i.subject left join kw.party y on y.code = i.party
        left join kw.permission p on p.reference = i.reference left join kw.permission_state t on t.id = p.id
        cross join lateral (select upper(p.live) is not distinct from i.expires or exists (select from kw.permission_event e
            where e.permission = p.id and e.event <> 'granted' and e.at = i.expires) as said) z
    """,
    # Somebody may have ended one sooner meanwhile: that stands, and what was not written is not told either.
    update="""
        with written as (
            insert into kw.permission_event (permission, at, event)
            select had, upper(live), 'terminated' from taken order by had returning permission)
        update pg_temp.judged set verdict = 'same'
        where code is null and verdict = 'changed' and had not in (select permission from written)
    """,
    extend=None,
    # Only rows of which nobody else claims the same party, purpose and time: the others go one by one.
    insert="""
        with new as (
            insert into kw.permission (connection, subject, party, mask, purpose, data, live, reference)
            select connection, subject, party, mask, purpose, data, live, reference from taken order by line
            on conflict do nothing returning id, live)
        insert into kw.permission_event (permission, at, event) select id, lower(live), 'granted' from new
    """,
    landed="exists (select from kw.permission p where p.reference = j.reference)",
    events="""
        select case j.verdict when 'new' then 'permission:granted' else 'permission:terminated' end, p.connection, j.person,
            jsonb_build_object('permission', p.id, 'party', p.party, 'mask', p.mask,
                'data_start', floor(extract(epoch from lower(p.data)))::bigint,
                'data_end', floor(extract(epoch from upper(p.data)))::bigint,
                'start', floor(extract(epoch from lower(j.live)))::bigint, 'end', floor(extract(epoch from upper(j.live)))::bigint)
        from judged j join kw.permission p on p.reference = j.reference
        where j.code is null and j.verdict <> 'same' order by j.line
    """,
)

CONTESTED = """
    with pool as (
        select line, connection, coalesce(party, 0) as party, purpose, live from judged where code is null and verdict = 'new'
        union all
        select null, s.connection, coalesce(s.party, 0), s.purpose, s.live from kw.permission_state s
        where not isempty(s.live) and s.connection in (select connection from judged where code is null and verdict = 'new')),
    beside as (
        select line, lower(live) < max(coalesce(upper(live), 'infinity')) over (w rows between unbounded preceding and 1 preceding)
            or coalesce(upper(live), 'infinity') > lead(lower(live)) over w as contested
        from pool window w as (partition by connection, party, purpose order by lower(live), line nulls first))
    select line from beside where contested and line is not null order by line
"""
