-- A customer's no to what has ended or never began: a permission that ran out or that its party ended, a claim that was found invalid. It
-- changes nothing of that; it is kept, so that nothing of the same begins by silence.
create table kw.late_no (
    id         bigint generated always as identity primary key,
    request    bigint unique references kw.permission_request,
    permission bigint unique references kw.permission,
    at         timestamptz not null,
    check (num_nonnulls(request, permission) = 1)
);
grant select, insert on kw.late_no to kw_operator;
alter table kw.late_no enable row level security;
alter table kw.late_no force row level security;
create policy operator on kw.late_no for all to kw_operator using (true) with check (true);
create policy owner on kw.late_no for all to kw_owner using (true) with check (true);

-- Only ever added; it goes with what it is about, by the owner, when both are old.
create trigger append_only before update on kw.late_no for each row execute function kw.never();
create trigger append_only_while_recent before delete on kw.late_no for each row
    when (current_user <> 'kw_owner' or old.at >= clock_timestamp() - interval '4 years') execute function kw.never();

-- The portal: this person's own.
grant select, insert on kw.late_no to kw_portal;
create policy mine on kw.late_no for select to kw_portal
    using (exists (select from kw.permission_request r where r.id = request and r.subject = kw.me())
        or exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));
create policy say_mine on kw.late_no for insert to kw_portal
    with check (exists (select from kw.permission_request r where r.id = request and r.subject = kw.me())
        or exists (select from kw.permission p where p.id = permission and p.subject = kw.me()));

-- What the portal tells the log of has one more: that a person said no to what had ended or never began.
create or replace function audit.mine(leaf bytea, kind text, who bytea, salt bytea) returns boolean language sql stable as $$
    select coalesce(
        who = (select audit.own())
        and audit.subject(leaf) = audit.tag(salt, (select s.code from kw.subject s where s.key = kw.me()))
        and kind in ('permission:granted', 'permission:revoked', 'permission:rejected', 'permission:declined', 'view:shown',
            'view:refused', 'proof:given', 'restriction:began', 'restriction:ended', 'right:asked')
        and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = 'customer:' || kw.me(), false)
$$;
