-- The latest versions of a tenant's prompt templates that are in use, by name; or of $2 alone. Locks nothing.
SELECT name, version, description, template_body, parameters
FROM (SELECT DISTINCT ON (name) * FROM carillon.prompt_template
      WHERE tenant_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name, version DESC) latest
WHERE NOT retired ORDER BY name;
