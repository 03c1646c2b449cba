-- From here on every look of the operator's people is by somebody. A log that has lines is told so: in it timers may have looked before.
do $$
begin
    if not exists (select from audit.event) then
        return;
    end if;
    perform audit.say(null, array[now()], array['"operator"'::json], array['{}'::json], array[0::bigint], array['looks:named'],
        array[null::bytea], array[null::bytea], array[null::bytea], '{}');
end $$;

-- Which claims have no letter yet is looked for at every night and every round: among the claims alone.
create index claimed on kw.permission_request (id) where origin = 'mandate';
