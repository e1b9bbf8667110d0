-- expands: when each token of the settings was last used, by its names, so that an old one is taken away when nobody uses it
create table control.token_uses (
  kind       text not null check (kind in ('api', 'webhook')),
  caller     text not null,
  label      text not null,
  used_at    timestamptz,
  refused_at timestamptz,
  primary key (kind, caller, label)
);
