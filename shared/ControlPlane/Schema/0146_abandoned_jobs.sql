-- expands: how often what a job left was gone about to be undone, because its orchestration had been ended from outside
--
-- UNDO_ATTEMPTS above 0: a step of the orchestration that was ended comes too late for anything.

alter table control.jobs add column undo_attempts integer not null default 0;
