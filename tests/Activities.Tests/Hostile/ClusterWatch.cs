using System.Text.RegularExpressions;
using Bibind.Activities.Tests.Fixtures;
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
                 (select string_agg(pg_get_userbyid(m.roleid)::text, ',' order by m.roleid) from pg_auth_members m where m.member = r.oid)), E'\n' order by r.rolname)
        from pg_authid r where r.rolname in ('bibind', 'bibind_maintenance', 'odoo', 'postgres')
        """;

    private readonly World _world;
    private readonly string _template;
    private readonly string? _before;
    private readonly long _logStart;

    private ClusterWatch(World world, string template, string? before, long logStart) =>
        (_world, _template, _before, _logStart) = (world, template, before, logStart);

    public static async Task<ClusterWatch> BeginAsync(World world, string template)
    {
        await world.ExecuteAsync("create table if not exists precious (content text)", LocalServer.ControlDatabase);
        return new ClusterWatch(world, template, await LookAsync(world, template), new FileInfo(world.Postgres.LogFile).Length);
    }

    /// <summary>Nobody but the application's role ran what was planted, and the tenant holds nothing that he did not hold before.</summary>
    /// <returns>How often it was run.</returns>
    public async Task<int> AssertNothingTakenAsync(string label)
    {
        var log = await ReadLogAsync();
        var runs = Runs().Matches(log).Where(m => m.Groups["label"].Value == label).ToList();
        Assert.All(runs, run => Assert.Equal(("odoo", "odoo"), (run.Groups["current"].Value, run.Groups["session"].Value)));
        Assert.DoesNotContain($"LOG:  breach|{label}|", log, StringComparison.Ordinal);
        Assert.Equal(_before, await LookAsync(_world, _template));
        foreach (var database in new[] { LocalServer.ControlDatabase, _template })
        {
            await Assert.ThrowsAsync<PostgresException>(() => _world.OpenAsync(database, LocalServer.ApplicationRole));
        }

        await using var odoo = await _world.OpenAsync("postgres", LocalServer.ApplicationRole);
        foreach (var change in new[] { "owner to odoo", "allow_connections true", "is_template false", $"rename to {_template}_taken" })
        {
            await using var command = new NpgsqlCommand($"alter database {_template} {change}", odoo);
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
        await using var log = new FileStream(_world.Postgres.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Seek(_logStart, SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        return await reader.ReadToEndAsync();
    }

    [GeneratedRegex(@"LOG:  planted\|(?<label>[^|]*)\|(?<current>[^|]*)\|(?<session>[^|]*)\|")]
    private static partial Regex Runs();
}
