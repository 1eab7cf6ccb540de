-- SHA-256 of a migration's file, computed here so that this room needs no library for it. Locks nothing.
SELECT encode(sha256($1::bytea), 'hex') AS sha256;
