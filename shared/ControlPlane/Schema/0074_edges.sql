-- A host name that nobody has proved yet may be waited for by several tenants; whoever proves it first has it, from then
-- until the row goes, whatever becomes of its state.
alter table control.domains add column proved_at timestamptz;
update control.domains set proved_at = coalesce(activated_at, updated_at) where state in ('issuing', 'active', 'removing');
drop index control.domains_living_name;
create unique index domains_proved_name on control.domains (name) where proved_at is not null and state <> 'failed';
create index domains_by_name on control.domains (name);

-- True from when a certificate was renewed until somebody has been told which tenants' proxies need it.
alter table control.certificates add column to_publish boolean not null default false;

-- Proofs that were put where an authority looks, so that those which nobody took away are found: a DNS-01 record by its
-- name, an HTTP-01 answer by its token. The row comes before the proof and goes after it.
create table control.acme_proofs (
  challenge   text not null check (challenge in ('dns-01', 'http-01')),
  place       text not null,
  certificate text not null,
  shown_at    timestamptz not null,
  primary key (challenge, place)
);
create index acme_proofs_by_certificate on control.acme_proofs (certificate);

-- When a machine last asked the proxy whether it still knows its routes; one row.
create table control.route_watch (
  only_row  boolean primary key check (only_row),
  looked_at timestamptz not null
);
