-- Wakes who listens on the channels $1. Takes the one lock of all notifications until the commit, so it is never part of a transaction that writes.
SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel;
