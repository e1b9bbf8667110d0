-- expands: views of the console's lists that people keep
--
-- OWNER is how the API tells callers apart: where their name comes from, and the name. PATH is the address of a list of the console with its filters; the API says which.

create table control.saved_views (
  owner    text not null,
  name     text not null,
  path     text not null,
  saved_at timestamptz not null,
  primary key (owner, name)
);
