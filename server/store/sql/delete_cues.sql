-- Takes away the cues that a task has not answered: they were for a schedule that is no more.
DELETE FROM carillon.cue WHERE tenant_id = $1 AND task_id = $2;
