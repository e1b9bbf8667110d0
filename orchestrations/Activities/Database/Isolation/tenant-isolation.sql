-- What roles of tenants need besides the roles of docs/postgres-roles.md; run by a superuser in the database "postgres" of a server whose
-- tenants are kept apart (Database__TenantIsolation=role), as often as one likes. Parameters of the session name the roles:
-- bibind.maintenance, bibind.application, bibind.template.

-- Who is not named here has no business in these: a tenant's role could notify the application's sessions in "postgres".
do $do$
declare
  maintenance text := current_setting('bibind.maintenance');
  application text := current_setting('bibind.application');
  template text := current_setting('bibind.template');
begin
  revoke connect, temporary on database postgres, template1 from public;
  execute format('grant connect on database postgres to %I, %I, %I', maintenance, application, template);
  -- To give databases away and to take them back, never the other way round.
  execute format('grant %I to %I', template, maintenance);
end $do$;

create schema if not exists bibind_roles;

-- Before PostgreSQL 16 a role that may create roles may also change every other one that is no superuser. So the maintenance role may
-- not create roles; it may call these functions, which touch roles of tenants only.
create or replace function bibind_roles.check_name(name text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $function$
begin
  if name !~ '^t_[a-z0-9_]{1,61}$' then
    raise exception 'the name "%" is not one of a tenant''s role', name using errcode = 'invalid_name';
  end if;
end $function$;

-- Makes a tenant's role, or gives the one that is there the password and takes from it what it should not have.
create or replace function bibind_roles.put_tenant_role(name text, verifier text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
declare
  other text;
begin
  perform bibind_roles.check_name(name);
  if verifier !~ '^SCRAM-SHA-256\$' then
    raise exception 'the password has to come as a SCRAM verifier, so that no log can hold it' using errcode = 'invalid_password';
  end if;
  if not exists (select from pg_roles where rolname = name) then
    execute format('create role %I', name);
  end if;
  execute format('alter role %I login inherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L', name, verifier);
  for other in select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles me on me.oid = m.member where me.rolname = name loop
    execute format('revoke %I from %I', other, name);
  end loop;
  execute format('grant %I to %I', name, session_user);
end $function$;

-- Lends a tenant's role to the template's, which then can give it what is in a new clone; and takes it back.
create or replace function bibind_roles.lend_tenant_role(name text, borrower text, is_lent boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
begin
  perform bibind_roles.check_name(name);
  if not pg_has_role(session_user, borrower, 'member') or exists (select from pg_database d join pg_roles r on r.oid = d.datdba where r.rolname = borrower) then
    raise exception 'the role "%" is not the templates''', borrower using errcode = 'invalid_grantor';
  end if;
  if is_lent then
    execute format('grant %I to %I', name, borrower);
  elsif exists (select from pg_roles where rolname = name) then
    execute format('revoke %I from %I', name, borrower);
  end if;
end $function$;

-- Removes a tenant's role; fails while something belongs to it.
create or replace function bibind_roles.drop_tenant_role(name text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $function$
begin
  perform bibind_roles.check_name(name);
  execute format('drop role if exists %I', name);
end $function$;

do $do$
begin
  execute format('revoke all on schema bibind_roles from public');
  execute format('revoke all on all functions in schema bibind_roles from public');
  execute format('grant usage on schema bibind_roles to %I', current_setting('bibind.maintenance'));
  execute format('grant execute on all functions in schema bibind_roles to %I', current_setting('bibind.maintenance'));
end $do$;
