-- Parties: when an agreement is suspended, and why; whom to speak to, keys, assurance; suppliers in default. The code of conduct:
-- which editions were published, and what the operator proposes to use meter data for.

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

-- A supplier that does not collect its readings, or cannot supply any more: the operator collects in its place.
create table kw.supplier_default (
    id     bigint generated always as identity primary key,
    party  bigint not null references kw.party,
    period tstzrange not null check (not isempty(period)),
    constraint half_open check (kw.is_half_open(period)),
    exclude using gist (int8range(party, party, '[]') with &&, period with &&)
);
create trigger only_the_end before update on kw.supplier_default for each row execute function kw.only_the_end();
create function kw.default_stops() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if upper(new.period) is not null and new.period <> old.period then
        insert into kw.stop (fact, ref, at) values ('default', new.id, upper(new.period));
    end if;
    return new;
end $$;
create trigger default_stops after update on kw.supplier_default for each row execute function kw.default_stops();
grant select, insert on kw.supplier_default to kw_operator;
grant update (period) on kw.supplier_default to kw_operator;
grant select on kw.supplier_default to kw_portal;          -- public: by which the operator reads in a supplier's place

-- Whom to speak to at a party. Persons' names and addresses: the operator's alone, and never in the log.
create table kw.party_contact (
    id     bigint generated always as identity primary key,
    party  bigint not null references kw.party,
    kind   text not null check (kind in ('general', 'privacy', 'security', 'operations')),
    name   text not null check (length(name) between 1 and 200),
    mail   text not null check (mail like '_%@_%' and length(mail) <= 254),
    phone  text check (length(phone) <= 40),
    unique (party, kind)
);
grant select, insert, update, delete on kw.party_contact to kw_operator;

-- Public keys by which a party signs: a key without its private part, in the form of RFC 7517.
create table kw.party_key (
    id     bigint generated always as identity primary key,
    party  bigint not null references kw.party,
    kid    text not null unique check (length(kid) between 1 and 100),
    jwk    jsonb not null check (jwk ? 'kty' and not jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']),
    period tstzrange not null check (not isempty(period)),
    constraint half_open check (kw.is_half_open(period))
);
create index on kw.party_key (party);
create trigger only_the_end before update on kw.party_key for each row execute function kw.only_the_end();
grant select, insert on kw.party_key to kw_operator;
grant update (period) on kw.party_key to kw_operator;

-- What a party owes under its agreement: a statement of its management in the first 4 months, of an accountant every year.
create table kw.assurance (
    id        bigint generated always as identity primary key,
    agreement bigint not null references kw.agreement,
    kind      text not null check (kind in ('management', 'accountant')),
    due       date not null,
    told      timestamptz not null,                        -- when the party was told that it is due: nobody is surprised
    received  timestamptz,
    sha256    bytea check (length(sha256) = 32),           -- of the document; the document itself is kept elsewhere
    missed    timestamptz,                                 -- when it was found to be overdue
    check ((received is null) = (sha256 is null)),
    unique (agreement, kind, due)
);
create function kw.assurance_once() returns trigger language plpgsql as $$
begin
    if (new.id, new.agreement, new.kind, new.due, new.told) <> (old.id, old.agreement, old.kind, old.due, old.told)
        or (old.received is not null and (new.received, new.sha256) is distinct from (old.received, old.sha256))
        or (old.missed is not null and new.missed is distinct from old.missed) then
        raise exception 'what was received or missed stays so' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger assurance_once before update on kw.assurance for each row execute function kw.assurance_once();
grant select, insert on kw.assurance to kw_operator;
grant update (received, sha256, missed) on kw.assurance to kw_operator;

-- Editions of the code of conduct of which the log was told, each once, with the digest of its meaning.
create table kw.edition (
    id     text primary key,
    digest text not null check (digest ~ '^[0-9a-f]{64}$'),
    told   timestamptz not null
);
create trigger append_only before update or delete on kw.edition for each row execute function kw.never();
grant select, insert on kw.edition to kw_operator;

-- The tasks of the operator in the market came with the edition of 2027.
alter table kw.use_case drop constraint use_case_purpose_check;
alter table kw.use_case add constraint use_case_purpose_check check (purpose in
    ('device_care', 'firmware_update', 'outage', 'danger', 'energy_loss', 'allocation', 'reconciliation'));

-- What was proposed to use meter data for, and by whom; it grants nothing until somebody else approved it, and then stands in
-- kw.use_case. Proposer and approver are persons, for the operator's eyes only; the public page tells the approver's role.
create table kw.use_case_proposal (
    id          bigint generated always as identity primary key,
    code        text not null unique check (code ~ '^[a-z0-9][a-z0-9_-]{0,59}$'),
    said        jsonb not null,                            -- purpose, data_class, mask, area, days, limit, group, the three texts
    proposer    text not null check (length(proposer) between 1 and 200),
    proposed    timestamptz not null,
    approver    text check (length(approver) between 1 and 200 and lower(approver) <> lower(proposer)),
    role        text,                                      -- of the approver, as the public page tells it
    decided     timestamptz,
    use_case    bigint unique references kw.use_case,
    check ((approver is null) = (decided is null) and (approver is null) = (role is null) and (approver is null) = (use_case is null))
);
create function kw.proposal_decided_once() returns trigger language plpgsql as $$
begin
    if old.decided is not null or (new.id, new.code, new.said, new.proposer, new.proposed)
        is distinct from (old.id, old.code, old.said, old.proposer, old.proposed) then
        raise exception 'a proposal is decided once, as it was made' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger decided_once before update on kw.use_case_proposal for each row execute function kw.proposal_decided_once();
grant select, insert on kw.use_case_proposal to kw_operator;
grant update (approver, role, decided, use_case) on kw.use_case_proposal to kw_operator;

-- Usage of a day as allocated to a supplier: summed over its homes on one transformer (0: those on none, as gas), or why it is not
-- told. A home is summed once for a day: kw.use_case_day.
create table kw.allocation (
    batch       bigint not null references kw.batch,
    day         date not null,
    use_case    bigint not null references kw.use_case,
    transformer bigint not null,
    party       bigint not null references kw.party,
    product     text not null check (product in ('electricity', 'gas')),
    area        text not null,
    homes       integer not null,
    homes_read  integer not null,
    taken       bigint,                                    -- Wh, or dm3 of gas; null: not told
    given       bigint,                                    -- Wh fed back; 0 of gas
    withheld    text,
    check ((taken is null) = (withheld is not null) and (given is null) = (withheld is not null)),
    primary key (batch, use_case, transformer, party, product)
);
create index on kw.allocation (day, party);
create trigger append_only before update or delete on kw.allocation for each row execute function kw.never();
grant select, insert on kw.allocation to kw_operator;
