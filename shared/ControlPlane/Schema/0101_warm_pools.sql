-- expands: ready clones of templates, what orders found of them, and how long cloning takes
--
-- A POOL ENTRY is one clone of a template that waits for a tenant: its database, and its file store where the installation keeps
-- such. Its row comes before its database and goes after it, so that none is forgotten. filling: being made. ready: an order
-- may take it. taken: an order has it, in the transaction that reserved the order's place; nobody else gets it. draining: to be dropped.
-- The order that took one renames its database, and control.databases has it as the tenant's from the reservation on, with the purpose
-- 'pool' until it bears the tenant's name. WARM_POOLS counts what orders found; WARM_POOL_SERVERS says why a server's pools are not
-- filled now. WARM_POOL_LABEL is in the names of this installation's pool databases, so that two installations on one server keep
-- apart. CLONE_TIMES remembers the size of a template's version, and what a strategy took for it where nothing else was going on.

alter table control.databases drop constraint databases_purpose_check;
alter table control.databases add constraint databases_purpose_check check (purpose in ('current', 'former', 'restore', 'trial', 'pool'));

create table control.pool_entries (
  id           bigint generated always as identity primary key,
  server_id    bigint not null references control.servers (id),
  template_id  bigint references control.templates (id) on delete set null,
  database     text not null check (database ~ '^pool_[0-9a-f]{8}_[0-9]+$'),
  source       text not null,
  content_hash text not null,
  state        text not null check (state in ('filling', 'ready', 'taken', 'draining')),
  oid          bigint check (oid between 1 and 4294967295),
  bytes        bigint not null default 0,
  has_files    boolean not null default false,
  tenant_id    bigint references control.tenants (id),
  attempts     integer not null default 0,
  reason       text,
  next_at      timestamptz,
  created_at   timestamptz not null,
  ready_at     timestamptz,
  taken_at     timestamptz,
  constraint pool_entries_taken_by_one check ((state = 'taken') = (tenant_id is not null)),
  constraint pool_entries_ready_is_there check (state not in ('ready', 'taken') or oid is not null)
);
create unique index pool_entries_database on control.pool_entries (database);
create unique index pool_entries_tenant on control.pool_entries (tenant_id) where tenant_id is not null;
create index pool_entries_by_template on control.pool_entries (template_id, state);
create index pool_entries_by_server on control.pool_entries (server_id, state);

create table control.warm_pools (
  template_id bigint primary key references control.templates (id) on delete cascade,
  hits        bigint not null default 0,
  misses      bigint not null default 0
);

create table control.warm_pool_servers (
  server_id  bigint primary key references control.servers (id),
  held       text,
  planned_at timestamptz not null
);

create table control.warm_pool_label (
  only_one boolean primary key default true check (only_one),
  label    text not null check (label ~ '^[0-9a-f]{8}$')
);

create table control.clone_times (
  server_id    bigint not null references control.servers (id),
  source       text not null,
  content_hash text not null,
  strategy     text not null check (strategy in ('wal_log', 'file_copy', 'file_copy_clone')),
  bytes        bigint not null,
  milliseconds integer check (milliseconds >= 0),
  measured_at  timestamptz not null,
  primary key (server_id, source, content_hash, strategy)
);
