-- Takes back 0003. What clients followed by an id is unknown afterwards; the runs behind it stay.
DROP TABLE carillon.followed_call;
DROP TABLE carillon.sealing_key;
