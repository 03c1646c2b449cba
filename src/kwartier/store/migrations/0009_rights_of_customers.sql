-- What a customer does by way of the portal, and what may end a permission: both lists grew.
create or replace function audit.mine(leaf bytea, kind text, subject bytea, salt bytea) returns boolean language sql stable as $$
    select coalesce(
        subject = audit.tag(salt, (select s.code from kw.subject s where s.key = kw.me()))
        and kind in ('permission:granted', 'permission:revoked', 'permission:rejected', 'view:shown', 'view:refused', 'proof:given',
            'restriction:began', 'restriction:ended', 'right:asked')
        and convert_from(leaf, 'UTF8')::jsonb ->> 'actor' = 'customer:' || kw.me(), false)
$$;
alter table kw.permission_event drop constraint permission_event_event_check;
alter table kw.permission_event add constraint permission_event_event_check
    check (event in ('granted', 'fulfilled', 'revoked', 'terminated', 'expired', 'invalidated'));
-- Why it fell away: 'moved_out', 'refused', 'agreement_ended', 'party_suspended'. Null for what the customer or the party did.
alter table kw.permission_event add column because text check (because is null or event = 'invalidated');
