-- How many live processes share the shards. Locks nothing.
SELECT count(*) FROM carillon.process WHERE expires_at > clock_timestamp() AND kind IN ('serve', 'worker', 'mcp');
