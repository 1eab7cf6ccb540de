DROP TABLE carillon.server_breaker;
