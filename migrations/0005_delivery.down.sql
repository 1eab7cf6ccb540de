DROP TRIGGER plan_deliveries ON carillon.run_history;
DROP FUNCTION carillon.plan_deliveries();
DROP FUNCTION carillon.is_change(text, bigint, bigint, text);
DROP TABLE carillon.delivery;
ALTER TABLE carillon.task DROP COLUMN notify, DROP COLUMN notify_on;
