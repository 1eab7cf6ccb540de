DROP TABLE carillon.state_version;
DROP TABLE carillon.state_floor;
DROP TABLE carillon.state_entry;
