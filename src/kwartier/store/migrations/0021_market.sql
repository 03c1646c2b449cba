-- The market: months settled between suppliers, and changes of supplier or customer that are told late.

-- Usage of a calendar month, to settle afterwards what was allocated: summed over a supplier's homes on one transformer (0: those on
-- none, as gas), or why it is not told. A home is summed once for a month: kw.use_case_day.
create table kw.reconciliation (
    batch       bigint not null references kw.batch,
    day         date not null check (extract(day from day) = 1),   -- the first of the month
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
create index on kw.reconciliation (day, transformer);
create trigger append_only before update or delete on kw.reconciliation for each row execute function kw.never();
grant select, insert on kw.reconciliation to kw_operator;

-- A boundary of a supply or a stay that was told more than a day after it: the nights that ask for its register were over. It stays
-- here until each supplier on either side has that register, or was told why not.
create table kw.late_change (
    connection bigint not null references kw.connection,
    moment     timestamptz not null,
    told       timestamptz not null,
    primary key (connection, moment)
);
grant select, insert, delete on kw.late_change to kw_operator;
