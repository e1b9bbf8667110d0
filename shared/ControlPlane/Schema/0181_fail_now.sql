-- expands: a step that waits for its next attempt is given up by somebody

alter table control.job_actions drop constraint job_actions_action_check;
alter table control.job_actions add constraint job_actions_action_check
  check (action in ('retry', 'cancel', 'run-now', 'fail-now', 'pause', 'resume', 'again'));

-- Attempts that are not to be made.
alter table control.orchestration_outbox drop constraint orchestration_outbox_kind_check;
alter table control.orchestration_outbox add constraint orchestration_outbox_kind_check check (kind between 0 and 7);
