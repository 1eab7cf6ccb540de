-- Records a migration, in the transaction that applied it.
INSERT INTO public.carillon_migration (version, name, sha256) VALUES ($1::integer, $2, $3);
