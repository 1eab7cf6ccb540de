DROP TABLE carillon.prompt_template;
