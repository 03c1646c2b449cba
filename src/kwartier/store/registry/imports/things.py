"""Files of things with a name of their own: transformers, connections, meters and their keys, people, parties, use cases."""

from kwartier.store.registry.imports.spec import Spec

TRANSFORMERS = Spec(
    file="transformers.csv",
    columns=(("name", "text"), ("area", "text")),
    natural="name",
    judge="""
        select i.line, i.raw, i.name as label, i.name, i.area, t.key as had,
            case when i.nth > 1 then 'duplicate' end as code,
            case when t.key is null then 'new' when t.area = i.area then 'same' else 'changed' end as verdict
        from i left join kw.transformer t on t.name = i.name
    """,
    update="update kw.transformer t set area = j.area from taken j where t.key = j.had",
    extend=None,
    insert="insert into kw.transformer (name, area) select name, area from taken order by line on conflict do nothing",
    landed="exists (select from kw.transformer t where t.name = j.name)",
    events="""
        select 'transformer:registered', null::bigint, null::text, jsonb_build_object('transformer', t.key, 'area', t.area)
        from judged j join kw.transformer t on t.name = j.name where j.code is null and j.verdict <> 'same' order by j.line
    """,
)

CONNECTIONS = Spec(
    file="connections.csv",
    columns=(("ean", "text"), ("product", "text"), ("area", "text"), ("transformer", "text"), ("capacity_w", "integer")),
    natural="ean",
    judge="""
        select i.line, i.raw, '...' || right(i.ean, 4) as label, i.ean, i.product, i.area, i.capacity_w,
            t.key as transformer, c.key as had,
            case when i.nth > 1 then 'duplicate'
                when i.transformer is not null and t.key is null then 'unknown-transformer'
                when i.transformer is not null and i.product = 'gas' then 'transformer-on-gas'
                when c.product <> i.product then 'product-differs' end as code,
            case when c.key is null then 'new'
                when (c.area, c.capacity_w) = (i.area, i.capacity_w) and c.transformer is not distinct from t.key then 'same'
                else 'changed' end as verdict
        from i left join kw.transformer t on t.name = i.transformer left join kw.connection c on c.ean = i.ean
    """,
    update="""
        update kw.connection c set area = j.area, transformer = j.transformer, capacity_w = j.capacity_w
        from taken j where c.key = j.had
    """,
    extend=None,
    insert="""
        insert into kw.connection (ean, product, area, transformer, capacity_w)
        select ean, product, area, transformer, capacity_w from taken order by line on conflict do nothing
    """,
    landed="exists (select from kw.connection c where c.ean = j.ean)",
    events="""
        select 'connection:registered', c.key, null::text,
            jsonb_build_object('connection', c.key, 'product', c.product, 'area', c.area, 'transformer', c.transformer)
        from judged j join kw.connection c on c.ean = j.ean where j.code is null and j.verdict <> 'same' order by j.line
    """,
)

# A name is sealed under the key of its person before it comes here; the same name under the same key is the same bytes.
SUBJECTS = Spec(
    file="subjects.csv",
    columns=(("code", "text"), ("sealed", "bytea"), ("wrapped", "bytea")),
    natural="code",
    judge="""
        select i.line, i.raw, '...' || right(i.code, 2) as label, i.code as person, i.sealed, i.wrapped, s.key as had,
            %(at)s::timestamptz as recorded,
            case when i.nth > 1 then 'duplicate' end as code,
            case when s.key is null then 'new' when s.sealed_name = i.sealed then 'same' else 'changed' end as verdict
        from i left join kw.subject s on s.code = i.code
    """,
    update="""
        with keys as (insert into kw.subject_key (subject, wrapped) select j.had, j.wrapped from taken j
            on conflict (subject) do update set wrapped = excluded.wrapped)
        update kw.subject s set sealed_name = j.sealed from taken j where s.key = j.had
    """,
    extend=None,
    insert="""
        with people as (insert into kw.subject (code, sealed_name, recorded)
            select person, sealed, recorded from taken order by line on conflict do nothing returning key, code)
        insert into kw.subject_key (subject, wrapped) select p.key, j.wrapped from people p join taken j on j.person = p.code
    """,
    landed="exists (select from kw.subject s where s.code = j.person)",
)

PARTIES = Spec(
    file="parties.csv",
    columns=(("code", "text"), ("name", "text"), ("role", "text")),
    natural="code",
    judge="""
        select i.line, i.raw, i.code as label, i.code as party, i.name, i.role, p.key as had,
            case when i.nth > 1 then 'duplicate' when p.role <> i.role then 'role-differs' end as code,
            case when p.key is null then 'new' when p.name = i.name then 'same' else 'changed' end as verdict
        from i left join kw.party p on p.code = i.code
    """,
    update="update kw.party p set name = j.name from taken j where p.key = j.had",
    extend=None,
    insert="insert into kw.party (code, name, role) select party, name, role from taken order by line on conflict do nothing",
    landed="exists (select from kw.party p where p.code = j.party)",
)

METERS = Spec(
    file="meters.csv",
    columns=(
        ("equipment_id", "text"),
        ("model", "text"),
        ("system_title", "bytea"),
        ("host", "inet"),
        ("port", "integer"),
        ("ean", "text"),
        ("transformer", "text"),
        ("first", "timestamptz"),
        ("until", "timestamptz"),
    ),
    natural="equipment_id",
    judge="""
        select i.line, i.raw, '...' || right(i.equipment_id, 4) as label, i.equipment_id, i.model, i.system_title, i.host, i.port,
            c.key as connection, t.key as transformer, tstzrange(i.first, i.until) as placed, m.key as had,
            case when i.nth > 1 then 'duplicate'
                when i.ean is not null and c.key is null then 'unknown-ean'
                when c.product <> 'electricity' and i.system_title is not null then 'not-electricity'
                when i.transformer is not null and t.key is null then 'unknown-transformer'
                when exists (select from kw.meter o where o.system_title = i.system_title and o.equipment_id <> i.equipment_id)
                    or i.system_title is not null and row_number() over (partition by i.system_title order by i.line) > 1
                    then 'title-taken'
                when m.key is not null and (m.system_title, lower(m.placed), m.connection, m.transformer)
                    is distinct from (i.system_title, i.first, c.key, t.key) then 'meter-differs'
                when upper(m.placed) <= %(at)s and upper(m.placed) is distinct from i.until then 'already-ended' end as code,
            case when m.key is null then 'new'
                when (m.model, m.host, m.port, upper(m.placed)) is not distinct from (i.model, i.host, i.port, i.until) then 'same'
                when coalesce(i.until, 'infinity') > coalesce(upper(m.placed), 'infinity') then 'extended'
                else 'changed' end as verdict,
            upper(m.placed) is distinct from i.until as removed
        from i left join kw.connection c on c.ean = i.ean left join kw.transformer t on t.name = i.transformer
        left join kw.meter m on m.equipment_id = i.equipment_id
    """,
    update="""
        update kw.meter m set model = j.model, host = j.host, port = j.port, placed = j.placed from taken j where m.key = j.had
    """,
    extend="""
        update kw.meter m set model = j.model, host = j.host, port = j.port, placed = j.placed
        from taken j where m.key = j.had and j.line = %(line)s
    """,
    insert="""
        insert into kw.meter (equipment_id, model, host, port, system_title, connection, transformer, placed)
        select equipment_id, model, host, port, system_title, connection, transformer, placed
        from taken where system_title is not null or not exists (select from kw.coupling k join kw.meter m on m.key = k.meter
            where k.connection = j.connection and not isempty(m.placed * k.period * j.placed))
        order by line on conflict do nothing
    """,
    landed="exists (select from kw.meter m where m.equipment_id = j.equipment_id)",
    events="""
        select case j.verdict when 'new' then 'meter:placed' else 'meter:removed' end, m.connection, null::text,
            jsonb_build_object('meter', m.key, 'transformer', m.transformer,
                'start', floor(extract(epoch from lower(m.placed)))::bigint,
                'end', floor(extract(epoch from upper(m.placed)))::bigint)
        from judged j join kw.meter m on m.equipment_id = j.equipment_id
        where j.code is null and (j.verdict = 'new' or j.verdict in ('changed', 'extended') and j.removed) order by j.line
    """,
)

# An invocation counter goes on under a new key: a key that comes back later must not see a counter again.
KEYS = Spec(
    file="keys.kws",
    columns=(("equipment_id", "text"), ("system_title", "bytea"), ("guek", "bytea"), ("gak", "bytea")),
    natural="equipment_id",
    judge="""
        select i.line, i.raw, '...' || right(i.equipment_id, 4) as label, m.key as meter, i.guek, i.gak,
            case when i.nth > 1 then 'duplicate' when m.key is null then 'unknown-meter'
                when m.system_title is null then 'conventional-meter'
                when m.system_title <> i.system_title then 'title-differs' end as code,
            case when k.meter is null then 'new' when (k.guek, k.gak) = (i.guek, i.gak) then 'same' else 'changed' end as verdict
        from i left join kw.meter m on m.equipment_id = i.equipment_id left join kw.meter_key k on k.meter = m.key
    """,
    update="""
        update kw.meter_key k set version = k.version + 1, guek = j.guek, gak = j.gak from taken j where k.meter = j.meter
    """,
    extend=None,
    insert="insert into kw.meter_key (meter, guek, gak) select meter, guek, gak from taken order by line on conflict do nothing",
    landed="exists (select from kw.meter_key k where k.meter = j.meter)",
)

USE_CASES = Spec(
    file="use_cases.csv",
    columns=(
        ("code", "text"),
        ("purpose", "text"),
        ("data_class", "text"),
        ("mask", "integer"),
        ("area", "text"),
        ("days_from", "timestamptz"),
        ("days_to", "timestamptz"),
        ("approved_from", "timestamptz"),
        ("approved_to", "timestamptz"),
        ("approved_by", "text"),
        ("yearly_limit", "integer"),
        ("min_group", "integer"),
        ("necessity", "text"),
        ("subsidiarity", "text"),
        ("proportionality", "text"),
    ),
    natural="code",
    # What was approved stays as it was approved; only the approval may end sooner. For longer somebody has to approve it again.
    judge="""
        select i.line, i.raw, i.code as label, i.code as name, i.purpose, i.data_class, i.mask, i.area,
            tstzrange(i.days_from, i.days_to) as days, tstzrange(i.approved_from, i.approved_to) as approved, i.approved_by,
            i.yearly_limit, i.min_group, i.necessity, i.subsidiarity, i.proportionality, u.id as had,
            case when i.nth > 1 then 'duplicate'
                when (u.purpose, u.data_class, u.mask, u.area, u.days, lower(u.approved), u.approved_by, u.yearly_limit,
                    u.min_group, u.necessity, u.subsidiarity, u.proportionality)
                    <> (i.purpose, i.data_class, i.mask, i.area, tstzrange(i.days_from, i.days_to), i.approved_from, i.approved_by,
                    i.yearly_limit, i.min_group, i.necessity, i.subsidiarity, i.proportionality) then 'use-case-differs'
                when upper(u.approved) <> i.approved_to and upper(u.approved) <= %(at)s then 'already-ended'
                when i.approved_to > upper(u.approved) then 'would-prolong' end as code,
            case when u.id is null then 'new' when upper(u.approved) = i.approved_to then 'same' else 'changed' end as verdict
        from i left join kw.use_case u on u.code = i.code
    """,
    update="""
        with ended as (
            update kw.use_case u set approved = j.approved from taken j where u.id = j.had returning u.id, upper(u.approved))
        insert into kw.stop (fact, ref, at) select 'use_case', * from ended
    """,
    extend=None,
    insert="""
        insert into kw.use_case (code, purpose, data_class, mask, area, days, approved, approved_by, yearly_limit, min_group,
            necessity, subsidiarity, proportionality)
        select name, purpose, data_class, mask, area, days, approved, approved_by, yearly_limit, min_group,
            necessity, subsidiarity, proportionality from taken order by line on conflict do nothing
    """,
    landed="exists (select from kw.use_case u where u.code = j.name)",
    events="""
        select case j.verdict when 'new' then 'use_case:registered' else 'use_case:ended' end, null::bigint, null::text,
            jsonb_build_object('use_case', u.id, 'purpose', u.purpose, 'data_class', u.data_class, 'mask', u.mask, 'area', u.area,
                'days_start', floor(extract(epoch from lower(u.days)))::bigint,
                'days_end', floor(extract(epoch from upper(u.days)))::bigint,
                'start', floor(extract(epoch from lower(u.approved)))::bigint,
                'end', floor(extract(epoch from upper(u.approved)))::bigint,
                'yearly_limit', u.yearly_limit, 'min_group', u.min_group)
        from judged j join kw.use_case u on u.code = j.name
        where j.code is null and j.verdict in ('new', 'changed') order by j.line
    """,
)
