-- Readings taken by hand that wait to be promised: each from when it is written down, and again whenever a supply or a restriction of its
-- moment is told after it. A delivery round promises it to each supplier of that moment, and forgets the line.
create table kw.hand_waiting (
    reading bigint primary key references kw.hand_reading on delete cascade
);
grant select, insert, delete on kw.hand_waiting to kw_operator;
insert into kw.hand_waiting (reading) select id from kw.hand_reading;
