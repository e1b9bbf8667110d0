-- expands: offers and plans have versions; a tenant keeps the versions of both that it was sold
--
-- OFFERS and PLANS hold the newest state of each, OFFER_VERSIONS and PLAN_VERSIONS every state there was, with who, when and why. A row there is
-- never changed nor deleted: a tenant refers to the versions that it was sold, and whoever asks what its offer or plan says reads those.
-- The database itself counts: however a row of OFFERS or PLANS is changed, by the API, by a host of the version before or by hand, a version comes
-- of it. One that is removed keeps its row, for the tenants that ended with it refer to it.
-- A tenant that is entered, or given another offer or plan, without a word about versions gets the newest ones.

alter table control.plans
  add column version    integer not null default 1 check (version > 0),
  add column active     boolean not null default true,
  add column changed_by text not null default 'installation',
  add column reason     text not null default 'came with the product',
  add column changed_at timestamptz not null default now(),
  add column removed_at timestamptz;
alter table control.offers
  add column version    integer not null default 1 check (version > 0),
  add column active     boolean not null default true,
  add column changed_by text not null default 'installation',
  add column reason     text not null default 'came with the product',
  add column changed_at timestamptz not null default now(),
  add column removed_at timestamptz;

create table control.plan_versions (
  code                text not null references control.plans (code),
  version             integer not null check (version > 0),
  name                text not null,
  sequence            integer not null,
  price_period        text not null,
  user_limit          integer,
  storage_quota_bytes bigint,
  backup_schedule     text not null,
  retention_daily     integer not null,
  retention_weekly    integer not null,
  retention_monthly   integer not null,
  grace_days          integer not null,
  region              text,
  labels              text[] not null,
  size                integer,
  active              boolean not null,
  changed_by          text not null,
  reason              text not null,
  changed_at          timestamptz not null,
  removed_at          timestamptz,
  primary key (code, version)
);

create table control.offer_versions (
  code             text not null references control.offers (code),
  version          integer not null check (version > 0),
  name             text not null,
  application      text not null,
  delivery         text not null,
  default_plan     text not null,
  default_template text not null,
  database_pattern text not null,
  region           text,
  labels           text[] not null,
  size             integer,
  active           boolean not null,
  changed_by       text not null,
  reason           text not null,
  changed_at       timestamptz not null,
  removed_at       timestamptz,
  primary key (code, version)
);

create function control.count_version() returns trigger language plpgsql as $$
declare
  apart constant text[] := '{version,changed_by,reason,changed_at}';
begin
  if to_jsonb(new) - apart = to_jsonb(old) - apart then
    new.version := old.version;
    new.changed_by := old.changed_by;
    new.reason := old.reason;
    new.changed_at := old.changed_at;
    return new;
  end if;
  new.version := old.version + 1;
  if new.changed_at = old.changed_at then
    new.changed_by := session_user;
    new.reason := 'changed in the database';
    new.changed_at := clock_timestamp();
  end if;
  return new;
end $$;

create function control.keep_plan_version() returns trigger language plpgsql as $$
begin
  insert into control.plan_versions (
    code, version, name, sequence, price_period, user_limit, storage_quota_bytes, backup_schedule, retention_daily, retention_weekly,
    retention_monthly, grace_days, region, labels, size, active, changed_by, reason, changed_at, removed_at)
  values (
    new.code, new.version, new.name, new.sequence, new.price_period, new.user_limit, new.storage_quota_bytes, new.backup_schedule,
    new.retention_daily, new.retention_weekly, new.retention_monthly, new.grace_days, new.region, new.labels, new.size, new.active,
    new.changed_by, new.reason, new.changed_at, new.removed_at)
  on conflict (code, version) do nothing;
  return null;
end $$;

create function control.keep_offer_version() returns trigger language plpgsql as $$
begin
  insert into control.offer_versions (
    code, version, name, application, delivery, default_plan, default_template, database_pattern, region, labels, size, active,
    changed_by, reason, changed_at, removed_at)
  values (
    new.code, new.version, new.name, new.application, new.delivery, new.default_plan, new.default_template, new.database_pattern,
    new.region, new.labels, new.size, new.active, new.changed_by, new.reason, new.changed_at, new.removed_at)
  on conflict (code, version) do nothing;
  return null;
end $$;

create function control.refuse_change_of_version() returns trigger language plpgsql as $$
begin
  raise exception 'A version of an offer or plan is never changed nor deleted: tenants were sold it. Change the offer or plan itself, which makes a new version.';
end $$;

create trigger count_version before update on control.plans for each row execute function control.count_version();
create trigger count_version before update on control.offers for each row execute function control.count_version();
create trigger keep_version after insert or update on control.plans for each row execute function control.keep_plan_version();
create trigger keep_version after insert or update on control.offers for each row execute function control.keep_offer_version();

-- What is there is version 1.
update control.plans set version = version;
update control.offers set version = version;

create trigger append_only before update or delete on control.plan_versions for each row execute function control.refuse_change_of_version();
create trigger append_only before update or delete on control.offer_versions for each row execute function control.refuse_change_of_version();

alter table control.tenants
  add column offer_version integer not null default 1,
  add column plan_version  integer not null default 1;
alter table control.tenants
  alter column offer_version drop default,
  alter column plan_version drop default,
  add constraint tenants_offer_version foreign key (offer, offer_version) references control.offer_versions (code, version),
  add constraint tenants_plan_version foreign key (plan, plan_version) references control.plan_versions (code, version);

create function control.sell_newest_version() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.offer_version := coalesce(new.offer_version, (select version from control.offers where code = new.offer));
    new.plan_version := coalesce(new.plan_version, (select version from control.plans where code = new.plan));
    return new;
  end if;
  if new.offer <> old.offer and new.offer_version = old.offer_version then
    new.offer_version := (select version from control.offers where code = new.offer);
  end if;
  if new.plan <> old.plan and new.plan_version = old.plan_version then
    new.plan_version := (select version from control.plans where code = new.plan);
  end if;
  return new;
end $$;
create trigger sell_newest_version before insert or update of offer, plan on control.tenants
  for each row execute function control.sell_newest_version();

-- Who has an offer or a plan is asked before it is removed.
create index tenants_by_plan on control.tenants (plan, plan_version);
create index tenants_by_offer on control.tenants (offer, offer_version);
