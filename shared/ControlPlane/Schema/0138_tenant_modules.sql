-- expands: which modules orders and operators activated in a tenant, the theme that they chose, which modules a plan allows and which themes an offer has
--
-- TENANT_MODULES says who wanted a module in a tenant, or wanted it away; whether it is there says the tenant's own database, which its people may
-- change themselves. TENANT_THEMES says which theme a tenant has, and how its company looked before the first.
-- ALLOWED_MODULES null: all. Versions of plans and offers get both columns; what keeps them copies whatever columns there are.

create table control.tenant_modules (
  tenant_id  bigint not null references control.tenants (id),
  module     text not null,
  active     boolean not null,
  changed_by text not null,
  job_id     text not null,
  changed_at timestamptz not null,
  primary key (tenant_id, module)
);

create table control.tenant_themes (
  tenant_id   bigint primary key references control.tenants (id),
  theme       text not null,
  look        jsonb not null,
  look_before jsonb not null,
  changed_by  text not null,
  job_id      text not null,
  changed_at  timestamptz not null
);

alter table control.plans add column allowed_modules text[];
alter table control.plan_versions add column allowed_modules text[];
alter table control.offers add column themes jsonb not null default '[]';
alter table control.offer_versions add column themes jsonb not null default '[]';

create or replace function control.keep_plan_version() returns trigger language plpgsql as $$
begin
  insert into control.plan_versions select (jsonb_populate_record(null::control.plan_versions, to_jsonb(new))).* on conflict (code, version) do nothing;
  return null;
end $$;

create or replace function control.keep_offer_version() returns trigger language plpgsql as $$
begin
  insert into control.offer_versions select (jsonb_populate_record(null::control.offer_versions, to_jsonb(new))).* on conflict (code, version) do nothing;
  return null;
end $$;
