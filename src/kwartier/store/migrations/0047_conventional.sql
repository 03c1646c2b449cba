-- A conventional meter: a number on its plate and counters that a person reads. It has no wire, so no address, no title and no keys; at a
-- gas connection it stands by itself, where a smart gas meter speaks through the electricity meter.
alter table kw.meter alter column host drop not null, alter column port drop not null, alter column system_title drop not null,
    add constraint wire_or_none check (num_nulls(host, port, system_title) in (0, 3)),
    add constraint conventional check ((system_title is null) = starts_with(model, 'conventional-')),
    add constraint conventional_at_a_connection check (system_title is not null or connection is not null);

-- Gas is measured by one meter at a time: its own, or one that is coupled. An exclusion constraint sees one table alone.
create function kw.one_gas_meter() returns trigger language plpgsql as $$
declare
    clash boolean;
begin
    if tg_table_name = 'coupling' then
        clash := exists (select from kw.meter m join kw.meter o on o.connection = new.connection
            where m.key = new.meter and not isempty(m.placed * new.period * o.placed));
    elsif new.system_title is null then
        clash := exists (select from kw.coupling k join kw.meter m on m.key = k.meter
            where k.connection = new.connection and not isempty(m.placed * k.period * new.placed));
    else
        clash := exists (select from kw.coupling k join kw.meter o on o.connection = k.connection
            where k.meter = new.key and not isempty(new.placed * k.period * o.placed));
    end if;
    if clash then
        raise exception 'another meter measures this connection then' using errcode = 'exclusion_violation';
    end if;
    return new;
end $$;
create trigger one_gas_meter before insert or update on kw.coupling for each row execute function kw.one_gas_meter();
create trigger one_gas_meter before insert on kw.meter for each row when (new.system_title is null) execute function kw.one_gas_meter();
create trigger one_gas_meter_still before update of placed on kw.meter for each row execute function kw.one_gas_meter();
