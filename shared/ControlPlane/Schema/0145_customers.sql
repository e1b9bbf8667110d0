-- expands: who customers are: how they are called, where they are written to and in which language
--
-- The code is how tokens and tenants name a customer. One that tenants name and nobody has described has no row.

create table control.customers (
  code       text primary key check (length(code) between 1 and 100),
  name       text,
  email      text,
  language   text,
  version    integer not null default 1,
  changed_by text not null,
  changed_at timestamptz not null
);
