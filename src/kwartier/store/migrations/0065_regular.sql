-- A supply that is told after it began also missed the nights that asked for its regular registers: those of the edition's schedule, and
-- of the anniversaries of the supply. Each waits as a boundary does, for its own supplier alone, and is forgotten with the moment.
create table kw.late_regular (
    connection bigint not null,
    moment     timestamptz not null,
    supply     bigint not null references kw.supply on delete cascade,
    purpose    text not null check (purpose in ('periodic_reading', 'annual_bill')),
    primary key (connection, moment, supply, purpose),
    foreign key (connection, moment) references kw.late_change on delete cascade
);
create index on kw.late_regular (supply);
grant select, insert on kw.late_regular to kw_operator;

-- An agreement that is told before it begins: what its party did not get for lack of one waits anew when it begins, which the next night
-- or delivery round after that sees, and forgets the line.
create table kw.agreement_to_come (
    agreement bigint primary key references kw.agreement on delete cascade
);
grant select, insert, delete on kw.agreement_to_come to kw_operator;
insert into kw.agreement_to_come (agreement) select id from kw.agreement where lower(period) > now();
