-- The offsets of the zones of tzdata $1. Locks nothing.
SELECT offsets FROM carillon.zone_release WHERE tzdata = $1;
