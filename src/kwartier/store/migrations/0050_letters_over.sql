-- A letter that nobody took goes after its term, but not before the day has passed until which silence says nothing yet: a nightly run
-- looks for those whose later day of the two has come.
create index on kw.letter (answer_by);
