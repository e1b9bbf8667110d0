-- expands: changes reach the tenants of an offer in waves
--
-- A ROLLOUT says what is brought to whom and how it stands: running -> completed; running <-> paused; running -> halted (a wave failed more than
-- its limit) -> running; any of these -> cancelling -> cancelled. One that is not over keeps every other one of the offer out. RUNS counts the
-- orchestrations that have carried it on: an instance that was ended from outside is followed by another, and one of an earlier run does nothing.
--
-- ROLLOUT_WAVES and ROLLOUT_TENANTS are written in the transaction that opens it and fix who belongs to which wave; a tenant without a wave was
-- passed over when it began. FORGIVEN is how many failures of a wave somebody has seen and gone on in spite of. Of a tenant, IS_FAILURE tells a
-- failed upgrade, which counts against the wave's limit, from one that was taken back by hand; REFUSALS counts jobs that found the tenant in use.
-- A tenant's row becomes RUNNING in the transaction that starts its job, so that it is upgraded once.

create table control.rollouts (
  id             bigint generated always as identity primary key,
  job_id         text not null unique references control.jobs (id),
  offer          text not null references control.offers (code),
  version        text not null,
  release        jsonb not null,
  filter         jsonb not null,
  time_window    jsonb,
  max_concurrent integer not null check (max_concurrent between 1 and 100),
  tenants        integer not null default 0,
  passed_over    integer not null default 0,
  state          text not null default 'running' check (state in ('running', 'paused', 'halted', 'cancelling', 'completed', 'cancelled')),
  state_reason   text,
  runs           integer not null default 1,
  reason         text not null,
  requested_by   text not null,
  requested_at   timestamptz not null,
  ended_at       timestamptz,
  constraint rollouts_ended_with_state check ((ended_at is null) = (state not in ('completed', 'cancelled')))
);
create unique index rollouts_one_open_per_offer on control.rollouts (offer) where state not in ('completed', 'cancelled');
create index rollouts_by_state on control.rollouts (state, id desc);

create table control.rollout_waves (
  rollout_id           bigint not null references control.rollouts (id) on delete cascade,
  number               integer not null check (number > 0),
  count                integer check (count > 0),
  percent              integer check (percent between 1 and 100),
  max_failures         integer check (max_failures >= 0),
  max_failures_percent integer check (max_failures_percent between 0 and 100),
  members              integer not null default 0,
  forgiven             integer not null default 0,
  started_at           timestamptz,
  ended_at             timestamptz,
  primary key (rollout_id, number),
  constraint rollout_waves_size check ((count is null) <> (percent is null)),
  constraint rollout_waves_limit check ((max_failures is null) <> (max_failures_percent is null))
);

create table control.rollout_tenants (
  rollout_id  bigint not null references control.rollouts (id) on delete cascade,
  tenant_id   bigint not null references control.tenants (id),
  position    integer,
  wave        integer,
  state       text not null check (state in ('pending', 'running', 'succeeded', 'failed', 'rolled_back', 'skipped', 'held')),
  reason      text,
  job_id      text,
  upgrade_job_id text,
  is_rollback boolean not null default false,
  is_failure  boolean not null default false,
  attempts    integer not null default 0,
  refusals    integer not null default 0,
  started_at  timestamptz,
  ended_at    timestamptz,
  outage_ms   bigint check (outage_ms >= 0),
  primary key (rollout_id, tenant_id),
  foreign key (rollout_id, wave) references control.rollout_waves (rollout_id, number),
  constraint rollout_tenants_pending_in_wave check (wave is not null or state = 'skipped'),
  constraint rollout_tenants_running_job check (state <> 'running' or job_id is not null)
);
create index rollout_tenants_by_wave on control.rollout_tenants (rollout_id, wave, state, position);
create index rollout_tenants_by_state on control.rollout_tenants (rollout_id, state, wave, position, tenant_id);
create index rollout_tenants_by_position on control.rollout_tenants (rollout_id, wave, position, tenant_id);
create unique index rollout_tenants_running on control.rollout_tenants (tenant_id) where state = 'running';

-- Who steered what, and why; what a rollout did by itself too.
create table control.rollout_changes (
  id         bigint generated always as identity primary key,
  rollout_id bigint not null references control.rollouts (id) on delete cascade,
  tenant_id  bigint references control.tenants (id),
  action     text not null,
  changed_by text not null,
  reason     text not null,
  changed_at timestamptz not null
);
create index rollout_changes_by_rollout on control.rollout_changes (rollout_id, id desc);
