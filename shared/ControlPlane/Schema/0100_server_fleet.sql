-- expands: servers have regions, labels, a drain mark, a record of changes, and health with a history and alerts; a tenant takes places
--
-- A SERVER that is removed keeps its row, under another name, for the tenants that ended on it refer to it. SERVER_CHANGES
-- say who changed what and why; they outlive the server. SERVER_WATCH has one row for each server that is checked: when
-- its next check is due, and who is at it. A claim that was not followed by a result in time is another's to take, and a
-- result under a claim that was taken over is dropped: no check counts twice. SERVER_CHECKS are the results, for 30 days.
-- A warning of nothing but little capacity keeps no tenant away: an order counts the places itself.
-- Of each kind of alert a server has one that is open: its cause may repeat, people hear of it once.

alter table control.servers
  add column region              text check (region ~ '^[a-z][a-z0-9-]{0,31}$'),
  add column labels              text[] not null default '{}',
  add column draining            boolean not null default false,
  add column health_reason       text,
  add column only_capacity_warns boolean not null default false,
  add column application_version text,
  add column removed_at          timestamptz;

create table control.server_changes (
  id          bigint generated always as identity primary key,
  server_id   bigint not null references control.servers (id),
  server_code text not null,
  action      text not null,
  changed_by  text not null,
  reason      text not null,
  changes     jsonb not null default '{}',
  changed_at  timestamptz not null
);
create index server_changes_by_server on control.server_changes (server_id, id);

create table control.server_watch (
  server_id     bigint primary key references control.servers (id),
  due_at        timestamptz not null,
  claim         uuid,
  claimed_until timestamptz,
  failures      integer not null default 0 check (failures >= 0),
  successes     integer not null default 0 check (successes >= 0)
);
create index server_watch_due on control.server_watch (due_at);

create table control.server_checks (
  id         bigint generated always as identity primary key,
  server_id  bigint not null references control.servers (id),
  checked_at timestamptz not null,
  health     text not null check (health in ('healthy', 'warning', 'critical')),
  reason     text,
  measures   jsonb not null
);
create index server_checks_by_server on control.server_checks (server_id, id);
create index server_checks_by_time on control.server_checks (checked_at);

create table control.server_alerts (
  id         bigint generated always as identity primary key,
  server_id  bigint not null references control.servers (id),
  kind       text not null check (kind in ('offline', 'warning', 'version')),
  reason     text not null,
  raised_at  timestamptz not null,
  cleared_at timestamptz
);
create unique index server_alerts_open on control.server_alerts (server_id, kind) where cleared_at is null;
create index server_alerts_by_server on control.server_alerts (server_id, id);

-- Where an order says nothing: its plan's, else its offer's; labels of all three count.
alter table control.offers
  add column region text,
  add column labels text[] not null default '{}',
  add column size   integer check (size > 0);
alter table control.plans
  add column region text,
  add column labels text[] not null default '{}',
  add column size   integer check (size > 0);

alter table control.tenants add column places integer not null default 1 check (places > 0);
