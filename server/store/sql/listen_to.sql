-- Listens on the channels $1 from the commit on, in this session.
SELECT carillon.listen_to(channel) FROM unnest($1::text[]) AS channel;
