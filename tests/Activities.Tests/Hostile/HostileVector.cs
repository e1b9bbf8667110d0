namespace Bibind.Activities.Tests.Hostile;

/// <summary>Something that a tenant plants in his database for whoever enters it later.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Sql">Planted as the tenant, where <see cref="HostileFunction"/> is already.</param>
/// <param name="IsRun">True if one of the operations runs the planted function; false where it only misleads or disturbs.</param>
/// <param name="IsHarmless">True if every operation succeeds all the same.</param>
internal sealed record HostileVector(string Name, string Sql, bool IsRun = true, bool IsHarmless = false)
{
    /// <summary>What an Odoo administrator can do with SQL; each is a kind of thing that runs in somebody else's session.</summary>
    public static readonly IReadOnlyList<HostileVector> All =
    [
        new("a schema named as the login with a view in a table's place", """
            create schema if not exists odoo; create schema bibind; create schema bibind_maintenance; create schema postgres;
            create view odoo.ir_module_module as select * from public.ir_module_module where public.planted();
            create view odoo.ir_config_parameter as select * from public.ir_config_parameter where public.planted();
            create view bibind.ir_module_module as select * from public.ir_module_module where public.planted();
            create view bibind_maintenance.ir_module_module as select * from public.ir_module_module where public.planted();
            """, IsRun: false, IsHarmless: true),
        new("a view in a table's place", """
            alter table public.ir_module_module rename to ir_module_module_real;
            create view public.ir_module_module as select * from public.ir_module_module_real where public.planted();
            """),
        new("triggers on the tables that are written to", """
            create trigger planted before insert or update on public.ir_config_parameter for each row execute function public.planted_row();
            create trigger planted before insert or update on public.res_users for each row execute function public.planted_row();
            alter table public.ir_config_parameter enable always trigger planted;
            """),
        new("a check that calls a function", "alter table public.ir_config_parameter add check (public.planted()) not valid"),
        new("a check in the form of a domain", """
            create domain public.planted_domain as text check (public.planted());
            alter table public.ir_config_parameter add planted public.planted_domain default 'x';
            """),
        new("a default that calls a function", "alter table public.ir_config_parameter add planted boolean default public.planted()"),
        new("a generated column", "alter table public.ir_config_parameter add planted text generated always as (public.planted_text(key)) stored"),
        new("an index on a function", "create index planted on public.ir_config_parameter (public.planted_text(key))"),
        new("a rule on an update", "create rule planted as on update to public.res_users do also select public.planted()", IsRun: false),
        new("a policy that decides about rows", """
            alter table public.ir_config_parameter enable row level security;
            alter table public.ir_config_parameter force row level security;
            create policy planted on public.ir_config_parameter using (public.planted()) with check (public.planted());
            """, IsRun: false),
        new("an operator that fits better than PostgreSQL's own", """
            create function public.planted_equals(varchar, varchar) returns boolean language plpgsql as
              'begin perform public.planted(); return $1::text = $2::text; end';
            create operator public.= (leftarg = varchar, rightarg = varchar, function = public.planted_equals);
            """),
        new("functions that shadow PostgreSQL's own", """
            create function public.lower(varchar) returns text language plpgsql as 'begin perform public.planted(); return $1::text; end';
            create function public.to_regclass(varchar) returns regclass language plpgsql as 'begin perform public.planted(); return null; end';
            create function public.current_setting(varchar) returns text language plpgsql as 'begin perform public.planted(); return null; end';
            create function public.pg_encoding_to_char(integer) returns name language plpgsql as 'begin perform public.planted(); return null; end';
            create function public.coalesce_planted(integer) returns bigint language plpgsql as 'begin perform public.planted(); return 0; end';
            create aggregate public.count(integer) (sfunc = int4pl, stype = integer);
            """, IsRun: false, IsHarmless: true),
        new("an implicit cast", """
            create type public.planted_type as (x text);
            create function public.planted_cast(public.planted_type) returns text language plpgsql as 'begin perform public.planted(); return $1.x; end';
            create cast (public.planted_type as text) with function public.planted_cast(public.planted_type) as implicit;
            """, IsRun: false, IsHarmless: true),
        new("settings of the role and of the database", """
            do $do$ declare place text := current_database(); setting text; begin
              foreach setting in array array[
                'statement_timeout = 1', 'lock_timeout = 1', 'idle_in_transaction_session_timeout = 1', 'idle_session_timeout = 1',
                'default_transaction_read_only = on', 'default_transaction_isolation = serializable', 'search_path = nowhere',
                'local_preload_libraries = nothing_of_that_name', 'row_security = off', 'bytea_output = escape', 'standard_conforming_strings = off'
              ] loop
                begin
                  execute format('alter database %I set %s', place, setting);
                exception when insufficient_privilege then null; -- a clone that is not handed over
                end;
                execute format('alter role %I in database %I set %s', current_user, place, setting);
              end loop;
            end $do$
            """, IsRun: false, IsHarmless: true),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// The function that every vector calls. It says in the server's log who it runs as, which also stands when its transaction is rolled
/// back or read only, and tries what would make the tenant more than he is.
/// </summary>
internal static class HostileFunction
{
    /// <summary>Creates it, with a label that finds its lines again.</summary>
    public static string Sql(string label, string template, string role) => $"""
        create function public.planted() returns boolean language plpgsql as $planted$
        declare attempt text;
        begin
          begin execute 'reset role'; exception when others then null; end;
          begin execute 'reset session authorization'; exception when others then null; end;
          raise log 'planted|{label}|%|%|', current_user, session_user;
          foreach attempt in array array[
            'set session authorization postgres', 'set role bibind', 'set role bibind_maintenance', 'set role postgres',
            'alter database bibind_control owner to {role}', 'alter database bibind_control set search_path = public',
            'grant connect on database bibind_control to {role}', 'grant bibind to {role}', 'grant bibind_maintenance to {role}',
            'alter role {role} superuser', 'alter role bibind_maintenance password $p$taken$p$', 'create role planted_role',
            'alter database {template} owner to {role}', 'alter database {template} allow_connections true',
            'grant connect on database {template} to {role}', 'copy (select 1) to program $p$true$p$', 'select pg_read_file($p$postgresql.conf$p$)'
          ] loop
            begin
              execute attempt;
              if has_database_privilege('{role}', 'bibind_control', 'connect') or has_database_privilege('{role}', '{template}', 'connect')
                 or attempt not like 'grant%' then
                raise log 'breach|{label}|%|%|', current_user, attempt;
              end if;
            exception when others then null;
            end;
          end loop;
          return true;
        end $planted$;
        create function public.planted_row() returns trigger language plpgsql as 'begin perform public.planted(); return new; end';
        create function public.planted_text(varchar) returns text language plpgsql immutable as 'begin perform public.planted(); return $1::text; end';
        """;
}
