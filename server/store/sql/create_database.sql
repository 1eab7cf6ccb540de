-- Our database in a private cluster. Run once, outside a transaction, under the file lock of the cluster.
CREATE DATABASE carillon;
