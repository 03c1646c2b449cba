-- What a batch costs the server. A row of lines is stored in one piece but for the bodies, and nobody tries to compress what is random;
-- before, PostgreSQL did, and cut a row into a dozen pieces elsewhere, each with an entry in an index.
alter table audit.block
    alter connections set storage external, alter subjects set storage external, alter checks set storage external,
    alter links set storage external, alter ends set storage external,
    set (toast_tuple_target = 8160);

-- Where the chains of batches stand, now 32 connections to a row: three times in a night each row is written anew, and its next version
-- finds room beside it, without a new entry in the index.
alter table audit.page set (toast_tuple_target = 8160, fillfactor = 60);
create temporary table head_of_page on commit drop as
    select audit.number_at(heads, 64 * n, 8) >> 5 as page, substr(heads, 64 * n + 1, 64) as head
    from audit.page, generate_series(0, length(heads) / 64 - 1) as n;
delete from audit.page;
insert into audit.page select page, string_agg(head, '' order by head) from head_of_page group by page;

-- The id of a batch's event is taken before there is an event: its lines name it.
grant usage on sequence audit.event_id to kw_operator;
