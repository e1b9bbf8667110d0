-- expands: tenants move from server to server, and what stays behind is remembered until it is removed
--
-- Of each move, HELD_SERVER_ID is where it holds places and a database name besides those of the tenant's row: at the target
-- until the tenant's row has the target, at the source from then until the move ends. COPY_SERVER_ID is where a copy of the
-- tenant is that is not the tenant: what is being made at the target, and the former one at the source after it. It is null
-- once that copy is proved to be gone. UNDO_ATTEMPTS counts the orchestrations that undo a move whose own was ended from outside.

alter table control.backups drop constraint backups_kind_check;
alter table control.backups add constraint backups_kind_check check (kind in ('first', 'final', 'manual', 'scheduled', 'move'));

create table control.tenant_moves (
  id               bigint generated always as identity primary key,
  tenant_id        bigint not null references control.tenants (id),
  job_id           text not null unique references control.jobs (id),
  source_server_id bigint not null references control.servers (id),
  target_server_id bigint references control.servers (id),
  wanted_server_id bigint references control.servers (id),
  wanted_region    text,
  wanted_labels    text[] not null default '{}',
  state            text not null check (state in ('scheduled', 'moving', 'moved', 'failed', 'cancelled')),
  reason           text not null,
  requested_by     text not null,
  requested_at     timestamptz not null,
  start_at         timestamptz,
  was_suspended    boolean not null default false,
  undo_attempts    integer not null default 0,
  held_server_id   bigint references control.servers (id),
  copy_server_id   bigint references control.servers (id),
  keep_until       timestamptz,
  confirmed_by     text,
  ended_at         timestamptz,
  outage_ms        bigint check (outage_ms >= 0),
  failure          text
);
create index tenant_moves_by_tenant on control.tenant_moves (tenant_id, id desc);
create unique index tenant_moves_open on control.tenant_moves (tenant_id) where state in ('scheduled', 'moving');
create index tenant_moves_held on control.tenant_moves (held_server_id) where held_server_id is not null;
create index tenant_moves_copies on control.tenant_moves (copy_server_id) where copy_server_id is not null;
create index tenant_moves_by_source on control.tenant_moves (source_server_id, state);

create table control.server_drains (
  job_id       text primary key references control.jobs (id),
  server_id    bigint not null references control.servers (id),
  at_once      integer not null check (at_once between 1 and 100),
  requested_by text not null,
  requested_at timestamptz not null,
  ended_at     timestamptz
);
create unique index server_drains_open on control.server_drains (server_id) where ended_at is null;
