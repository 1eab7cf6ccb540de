-- The older version asks each time.
DROP TABLE carillon.approval_grant;
