-- expands: where the control database lives, its own backups, and when it was put in the place of another
create table control.installation (
  only_one          boolean primary key default true check (only_one),
  system_identifier bigint not null,
  database_oid      oid not null,
  recorded_at       timestamptz not null
);

-- A row without an end is a backup under way, or one that died; in a restored database it is the backup that was restored.
create table control.control_backups (
  id           bigint generated always as identity primary key,
  began_at     timestamptz not null,
  completed_at timestamptz,
  file         text not null,
  bytes        bigint check (bytes >= 0),
  version      text not null
);

create table control.takeovers (
  id           bigint generated always as identity primary key,
  at           timestamptz not null,
  state_of     timestamptz not null,
  ids_skipped  bigint not null check (ids_skipped >= 0)
);
