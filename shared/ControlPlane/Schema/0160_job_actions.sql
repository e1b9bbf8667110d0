-- expands: who did what to a job, and why; where it comes from; lists of jobs that stay fast among a million
--
-- JOB_ACTIONS is written in the transaction that tells the job's orchestration. CANCEL_REQUESTED_AT: its orchestration was ended, and what it did is
-- undone before the job is closed as cancelled. RETRY_OF and RETRIED_BY link an order that was made again. JOB_ORDERS: the call of the API that
-- ordered it, or would have, with its command.

alter table control.jobs add column parent text;
alter table control.jobs add column retry_of text;
alter table control.jobs add column retried_by text;
alter table control.jobs add column cancel_requested_at timestamptz;

create table control.job_actions (
  id     bigint generated always as identity primary key,
  job_id text not null references control.jobs (id) on delete cascade,
  action text not null check (action in ('retry', 'cancel', 'run-now', 'pause', 'resume', 'again')),
  who    text not null,
  reason text,
  at     timestamptz not null
);
create index job_actions_by_job on control.job_actions (job_id, id);

create table control.job_orders (
  job_id    text primary key references control.jobs (id) on delete cascade,
  operation text not null,
  command   jsonb
);

-- Every list is newest first. Those of open jobs are short.
create index jobs_newest on control.jobs (created_at desc, id desc);
create index jobs_newest_of_outcome on control.jobs (outcome, created_at desc, id desc) where outcome is not null;
create index jobs_newest_of_kind on control.jobs (kind, created_at desc, id desc);
create index jobs_newest_of_kind_and_outcome on control.jobs (kind, outcome, created_at desc, id desc) where outcome is not null;
create index jobs_newest_of_tenant on control.jobs (tenant_code, created_at desc, id desc) where tenant_code is not null;
create index jobs_open on control.jobs (created_at desc, id desc) where finished_at is null;
create index jobs_by_parent on control.jobs (parent, created_at) where parent is not null;
create index jobs_by_end on control.jobs (finished_at) where finished_at is not null;
drop index control.jobs_by_time;

-- A rewind, and timers that are due now.
alter table control.orchestration_outbox drop constraint orchestration_outbox_kind_check;
alter table control.orchestration_outbox add constraint orchestration_outbox_kind_check check (kind between 0 and 6);
