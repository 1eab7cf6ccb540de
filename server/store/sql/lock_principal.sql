-- What stands behind the name $2; it stays as it is until the end of the transaction. Waits for whoever changes its tokens.
SELECT kind FROM auth.principal WHERE tenant_id = $1 AND agent_id = $2 FOR UPDATE;
