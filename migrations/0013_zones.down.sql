DROP TABLE carillon.retimed, carillon.zone_mark, carillon.zone_release;
