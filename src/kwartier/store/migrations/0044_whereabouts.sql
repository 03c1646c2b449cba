-- The log is told where things lie and which gas meter is whose, so that a replay takes that from it too: an import tells it from now on,
-- and here it is told what came in before. What a rectification took out of the couplings is told as that. A coupling was known before it
-- is told here, with perhaps another end: it says that it is late.
do $$
declare
    part record;
begin
    for part in
        with every as (
            select 1 as turn, key as id, 0 as connection, 'transformer:registered' as kind,
                '{"area":' || to_json(area) || ',"transformer":' || key || '}' as body
            from kw.transformer
            union all
            select 2, key, key, 'connection:registered', '{"area":' || to_json(area) || ',"connection":' || key || ',"product":"' || product
                || '","transformer":' || coalesce(transformer::text, 'null') || '}'
            from kw.connection
            union all
            select h.turn, h.id, h.connection, h.kind, '{"coupling":' || h.id
                || ',"end":' || coalesce(floor(extract(epoch from upper(h.period)))::bigint::text, 'null')
                || ',"late":true,"mbus":' || h.mbus || ',"meter":' || h.meter
                || ',"start":' || floor(extract(epoch from lower(h.period)))::bigint || '}'
            from (
                select 3 as turn, id, connection, 'coupling:began' as kind, meter, mbus, period from kw.coupling
                union all
                select t.turn, s.id, s.connection, t.kind, (s.said ->> 'meter')::bigint, (s.said ->> 'mbus')::smallint, s.period
                from kw.superseded s, (values (3, 'coupling:began'), (4, 'coupling:superseded')) as t (turn, kind)
                where s.fact = 'coupling'
            ) as h),
        numbered as (select *, row_number() over (order by turn, id) as nth from every)
        select array_agg(connection order by nth) as connections, array_agg(kind order by nth) as kinds,
            array_agg(body::json order by nth) as bodies, count(*)::integer as many
        from numbered group by nth / 5000 order by nth / 5000
    loop
        perform audit.say(null, array_fill(now(), array[part.many]), array_fill('"operator"'::json, array[part.many]), part.bodies,
            part.connections, part.kinds, array_fill(null::bytea, array[part.many]), array_fill(null::bytea, array[part.many]),
            array_fill(null::bytea, array[part.many]), '{}');
    end loop;
end $$;
