-- What witnesses signed of the log's checkpoints: a tree that another party has seen cannot be taken back unseen.
-- The line is C2SP tlog-cosignature v1; an older one of the same tree is replaced by a fresher one.
create table audit.cosignature (
    size     bigint not null references audit.checkpoint,
    name     text not null,
    line     text not null,
    signed_s bigint not null,                          -- epoch seconds, as the witness says
    primary key (size, name)
);
grant select on audit.cosignature to kw_operator, kw_audit;
grant insert, update on audit.cosignature to kw_audit;
