-- Ends the lease of instance $1 on process slot $2; the row stays, so that the slot is used again as late as possible.
UPDATE carillon.process SET expires_at = clock_timestamp() WHERE slot = $2::smallint AND instance = $1;
