-- Parties: when an agreement is suspended, and why.

-- While it lasts a party gets nothing, though its agreement stands. The reason is a word of a fixed kind, never prose about somebody.
create table kw.suspension (
    id      bigint generated always as identity primary key,
    party   bigint not null references kw.party,
    period  tstzrange not null check (not isempty(period)),
    because text not null check (because ~ '^[a-z][a-z_]{1,39}$'),
    constraint half_open check (kw.is_half_open(period)),
    exclude using gist (int8range(party, party, '[]') with &&, period with &&)
);
create trigger only_the_end before update on kw.suspension for each row execute function kw.only_the_end();
create function kw.suspension_ends_once() returns trigger language plpgsql as $$
begin
    if upper(old.period) is not null and new.period <> old.period then
        raise exception 'a suspension ends once' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger ends_once before update on kw.suspension for each row execute function kw.suspension_ends_once();

-- A night under way looks at the stop list and not at suspensions: what rests on an agreement of the party stops at once.
create function kw.suspension_stops() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    insert into kw.stop (fact, ref, at)
    select 'agreement', a.id, lower(new.period) from kw.agreement a where a.party = new.party and a.period && new.period;
    return new;
end $$;
create trigger suspension_stops after insert on kw.suspension for each row execute function kw.suspension_stops();

grant select, insert on kw.suspension to kw_operator;
grant update (period) on kw.suspension to kw_operator;
grant select on kw.suspension to kw_portal;                -- public, as agreements are: why somebody gets nothing
