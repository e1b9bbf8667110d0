using System.Text.RegularExpressions;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Hostile;

/// <summary>Looks at what no tenant may reach, before and after.</summary>
internal sealed partial class ClusterWatch
{
    // Password hashes too: who can set a password can log in.
    private const string RolesSql = """
        select string_agg(concat_ws('|', r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls, r.rolpassword,
                 (select string_agg(pg_get_userbyid(m.roleid)::text, ',' order by m.roleid) from pg_auth_members m where m.member = r.oid
                    and (r.rolname <> 'bibind_maintenance' or pg_get_userbyid(m.roleid)::text not like 't\_%'))), E'\n' order by r.rolname)
        from pg_authid r where r.rolname in ('bibind', 'bibind_maintenance', 'bibind_template', 'odoo', 'postgres')
        """;

    private readonly HostileMode _mode;
    private readonly TenantDescriptor _attacker;
    private readonly string _template;
    private readonly string? _before;
    private readonly long _logStart;

    private ClusterWatch(HostileMode mode, TenantDescriptor attacker, string template, string? before, long logStart) =>
        (_mode, _attacker, _template, _before, _logStart) = (mode, attacker, template, before, logStart);

    private World World => _mode.World;

    /// <param name="mode">Whom tenants' SQL runs as.</param>
    /// <param name="attacker">The tenant.</param>
    /// <param name="template">A template that he must not reach; the one that tenants are cloned from unless given.</param>
    public static async Task<ClusterWatch> BeginAsync(HostileMode mode, TenantDescriptor attacker, string? template = null)
    {
        template ??= mode.Template;
        await mode.World.ExecuteAsync("create table if not exists precious (content text)", LocalServer.ControlDatabase);
        return new ClusterWatch(mode, attacker, template, await LookAsync(mode.World, template), new FileInfo(mode.World.Postgres.LogFile).Length);
    }

    /// <summary>Nobody but who it is for ran what was planted, and the tenant holds nothing that he did not hold before.</summary>
    /// <returns>How often it was run.</returns>
    public async Task<int> AssertNothingTakenAsync(string label)
    {
        var log = await ReadLogAsync();
        var runs = Runs().Matches(log).Where(m => m.Groups["label"].Value == label).ToList();
        Assert.All(runs, run => Assert.Equal(run.Groups["current"].Value, run.Groups["session"].Value));
        Assert.All(runs, run => Assert.True(_mode.MayRun(run.Groups["session"].Value), run.Value));
        Assert.DoesNotContain($"LOG:  breach|{label}|", log, StringComparison.Ordinal);
        Assert.Equal(_before, await LookAsync(World, _template));
        string[] closed = _mode.IsIsolated ? [LocalServer.ControlDatabase, _template, "postgres"] : [LocalServer.ControlDatabase, _template];
        foreach (var database in closed)
        {
            await Assert.ThrowsAsync<PostgresException>(() => _mode.OpenAsAsync(_attacker, database));
        }

        var role = HostileMode.RoleOf(_attacker);
        await using var attacker = await _mode.OpenAsAsync(_attacker, _mode.IsIsolated ? _attacker.Database : "postgres");
        foreach (var change in new[] { $"owner to {role}", "allow_connections true", "is_template false", $"rename to {_template}_taken" })
        {
            await using var command = new NpgsqlCommand($"alter database {_template} {change}", attacker);
            await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        }

        return runs.Count;
    }

    private static async Task<string?> LookAsync(World world, string template) => string.Join(
        '\n',
        await world.AskAsync<string>(RolesSql),
        await world.AskAsync<string>(
            $"""
            select string_agg(concat_ws('|', datname, pg_get_userbyid(datdba), datacl::text, datallowconn::text, datistemplate::text), E'\n' order by datname)
            from pg_database where datname in ('{LocalServer.ControlDatabase}', '{template}')
            """),
        await world.AskAsync<string>(
            "select string_agg(concat_ws('.', schemaname, tablename, tableowner), ',' order by schemaname, tablename) from pg_tables where schemaname not like 'pg%'",
            LocalServer.ControlDatabase),
        (await world.AskAsync<long>("select count(*) from precious", LocalServer.ControlDatabase)).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private async Task<string> ReadLogAsync()
    {
        await using var log = new FileStream(World.Postgres.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(_logStart, SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        return await reader.ReadToEndAsync();
    }

    [GeneratedRegex(@"LOG:  planted\|(?<label>[^|]*)\|(?<current>[^|]*)\|(?<session>[^|]*)\|")]
    private static partial Regex Runs();
}
