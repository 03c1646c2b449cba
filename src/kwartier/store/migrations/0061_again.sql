-- A register at a boundary that a supplier could not have for a while (no agreement, a suspended one, processing that the customer had
-- restricted) waits anew when that ends: if it waits still, from then on. Whoever forgets it meanwhile knows by this that it is another.
grant update (told) on kw.late_change to kw_operator;

-- What was withheld from a party is looked for when that ends, and not all that it was ever handed. F14: a restriction of the customer's.
-- It reads all parcels once, and nobody hands over meanwhile; it takes room for the few that were withheld so.
create index parcel_for_a_while on kw.parcel (receiver) where status = 'withheld' and reason in ('F3', 'F13', 'F14');
