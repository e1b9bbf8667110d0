namespace Bibind.Activities.Backup.Needs;

/// <summary>Questions to the catalogue of a database that is dumped.</summary>
internal static class NeedsSql
{
    /// <summary>Extensions that whoever owns a database can make there: of those, the restored database has its own.</summary>
    public const string RestorableExtensions = """
        select a.name::text from pg_catalog.pg_available_extensions a
        join pg_catalog.pg_available_extension_versions v on v.name = a.name and v.version = a.default_version
        where v.trusted or not v.superuser
        """;

    /// <summary>Every object of the database that only a superuser can make, and what depends on it; the last column says whether rows or rules for them would be lost.</summary>
    public const string LeftOut = $"""
        with recursive
        restorable(name) as ({RestorableExtensions}),
        members(classid, objid) as (select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'),
        settings(name) as (select pg_catalog.lower(s.name) from pg_catalog.pg_settings s where s.context not in ('user')),
        roots(classid, objid) as (
          select e.tableoid, e.oid from pg_catalog.pg_extension e where e.oid >= 16384 and e.extname not in (select name from restorable)
          union all select w.tableoid, w.oid from pg_catalog.pg_foreign_data_wrapper w where w.oid >= 16384
          union all select s.tableoid, s.oid from pg_catalog.pg_foreign_server s
          union all select c.tableoid, c.oid from pg_catalog.pg_class c where c.relkind = 'f'
          union all select t.tableoid, t.oid from pg_catalog.pg_event_trigger t where t.oid >= 16384
          union all select p.tableoid, p.oid from pg_catalog.pg_publication p
          union all (
            select x.classid, x.objid from (
              select l.tableoid, l.oid from pg_catalog.pg_language l where l.oid >= 16384
              union all select m.tableoid, m.oid from pg_catalog.pg_am m where m.oid >= 16384
              union all select o.tableoid, o.oid from pg_catalog.pg_opclass o where o.oid >= 16384
              union all select o.tableoid, o.oid from pg_catalog.pg_opfamily o where o.oid >= 16384
              union all select p.tableoid, p.oid from pg_catalog.pg_ts_parser p where p.oid >= 16384
              union all select t.tableoid, t.oid from pg_catalog.pg_ts_template t where t.oid >= 16384
              union all select t.tableoid, t.oid from pg_catalog.pg_type t where t.oid >= 16384 and t.typtype = 'b' and t.typinput <> 'pg_catalog.array_in'::regproc
              union all select c.tableoid, c.oid from pg_catalog.pg_cast c
                where c.oid >= 16384 and (c.castmethod = 'b' or (c.castsource < 16384 and c.casttarget < 16384))
              union all select p.tableoid, p.oid from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
                where p.oid >= 16384 and (l.lanname in ('c', 'internal') or p.proleakproof
                  or exists (select from pg_catalog.unnest(p.proconfig) c(setting) where pg_catalog.lower(pg_catalog.split_part(c.setting, '=', 1)) in (select name from settings)))
              union all select p.tableoid, a.aggfnoid::oid from pg_catalog.pg_aggregate a join pg_catalog.pg_proc p on p.oid = a.aggfnoid
                where p.oid >= 16384 and a.aggtranstype = 'pg_catalog.internal'::regtype
            ) x(classid, objid) where (x.classid, x.objid) not in (select m.classid, m.objid from members m))),
        gone(classid, objid) as (
          select classid, objid from roots
          union
          select n.classid, n.objid from gone g cross join lateral (
            select d.classid, d.objid from pg_catalog.pg_depend d where d.refclassid = g.classid and d.refobjid = g.objid
            union all select 'pg_catalog.pg_class'::regclass::oid, r.ev_class from pg_catalog.pg_rewrite r
              where g.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = g.objid and r.rulename = '_RETURN') n)
        select g.classid::bigint, g.objid::bigint, i.type || ' ' || i.identity,
          coalesce(c.relkind in ('r', 'p'), false)
            or coalesce((select r.relkind in ('r', 'p') from pg_catalog.pg_attrdef a join pg_catalog.pg_class r on r.oid = a.adrelid
                         where g.classid = 'pg_catalog.pg_attrdef'::regclass and a.oid = g.objid), false)
            or coalesce((select r.relkind in ('r', 'p') from pg_catalog.pg_constraint k join pg_catalog.pg_class r on r.oid = k.conrelid
                         where g.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = g.objid), false)
            or g.classid = 'pg_catalog.pg_policy'::regclass
        from gone g
        left join pg_catalog.pg_class c on g.classid = 'pg_catalog.pg_class'::regclass and c.oid = g.objid
        cross join lateral pg_catalog.pg_identify_object(g.classid, g.objid, 0) i
        where (g.classid, g.objid) not in (select m.classid, m.objid from members m)
          and i.type is not null and i.identity is not null
          and g.classid not in ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass)
          and not (g.classid = 'pg_catalog.pg_type'::regclass and exists (
            select from pg_catalog.pg_type t where t.oid = g.objid and (t.typrelid <> 0 or t.typelem <> 0)))
          and coalesce(c.relkind, 'r') <> 't'
        """;

    /// <summary>Tables, sequences and large objects that we may not read, or read only some rows of.</summary>
    public const string Unreadable = """
        select pg_catalog.format('%s %I.%I', case when c.relkind = 'S' then 'sequence' else 'table' end, n.nspname, c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.oid >= 16384 and c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
          and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
          and (not pg_catalog.has_schema_privilege(n.oid, 'usage') or not pg_catalog.has_table_privilege(c.oid, 'select')
            or (c.relkind in ('r', 'p') and pg_catalog.row_security_active(c.oid)))
        union all
        select pg_catalog.format('large object %s', l.oid) from pg_catalog.pg_largeobject_metadata l
        where not pg_catalog.pg_has_role(l.lomowner, 'usage') and not exists (
          select from pg_catalog.aclexplode(l.lomacl) a
          where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_catalog.pg_has_role(a.grantee, 'usage')))
        limit 10
        """;

    /// <summary>Extensions that come back, with their versions.</summary>
    public const string Extensions = $"""
        select e.extname::text, e.extversion from pg_catalog.pg_extension e
        where e.oid >= 16384 and e.extname in ({RestorableExtensions}) order by 1
        """;

    /// <summary>Roles that the dump names, but for ours.</summary>
    public const string OtherRoles = """
        select distinct r.rolname::text from pg_catalog.pg_shdepend d join pg_catalog.pg_roles r on r.oid = d.refobjid
        where d.dbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
          and d.refclassid = 'pg_catalog.pg_authid'::regclass and r.rolname <> current_user order by 1 limit 50
        """;

    /// <summary>Whether there are materialized views.</summary>
    public const string HasMaterializedViews = "select exists (select from pg_catalog.pg_class where relkind = 'm')";
}
