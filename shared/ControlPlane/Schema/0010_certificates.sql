-- What is known of certificates without opening a secret. Chain and key are one secret, whose name is the key of the
-- row here; look_at is when somebody has to decide next whether to renew it. A certificate without a tenant is the
-- platform's own, shared by its sub-domains.
create table control.certificates (
  name         text primary key,
  tenant_id    bigint,
  host         text not null,
  issuer       text not null,
  not_before   timestamptz not null,
  not_after    timestamptz not null,
  look_at      timestamptz not null,
  failures     integer not null default 0,
  last_failure text,
  updated_at   timestamptz not null
);
create index certificates_by_look_at on control.certificates (look_at);

-- HTTP-01 answers, so that any machine's host can give them. Tokens are unguessable, and public once they are used.
create table control.acme_challenges (
  token             text primary key,
  key_authorization text not null,
  expires_at        timestamptz not null
);

-- The issuance budget: authorities limit certificates per registered domain and week, and failures per host and hour.
-- A row is taken before an order is placed; one that stays open counts as issued, because it may have been.
create table control.certificate_orders (
  id                bigint generated always as identity primary key,
  registered_domain text not null,
  host              text not null,
  ordered_at        timestamptz not null,
  outcome           text not null default 'open' check (outcome in ('open', 'issued', 'failed')),
  reason            text
);
create index certificate_orders_by_domain on control.certificate_orders (registered_domain, ordered_at);
create index certificate_orders_by_host on control.certificate_orders (host, ordered_at);
