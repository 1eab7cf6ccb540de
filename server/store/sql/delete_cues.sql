-- Takes away the cues of a task, or those of the source $3 alone: they were for a schedule that is no more.
DELETE FROM carillon.cue WHERE tenant_id = $1 AND task_id = $2 AND ($3::text IS NULL OR source = $3);
