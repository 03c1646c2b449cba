-- A person's own permissions are found by the person: the customer's page read the permissions of everybody.
create index on kw.permission (subject);
create index on kw.permission_state (subject);
