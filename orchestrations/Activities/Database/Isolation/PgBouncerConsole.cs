using System.Globalization;
using Bibind.Activities.Processes;

namespace Bibind.Activities.Database.Isolation;

/// <summary>Speaks with PgBouncer's console by <c>psql</c>: the console knows only the simple query protocol, which Npgsql does not use.</summary>
internal static class PgBouncerConsole
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>Makes PgBouncer read its files again; sessions of databases whose lines did not change go on.</summary>
    public static Task ReloadAsync(PgBouncerOptions pooler, CancellationToken cancellationToken) => RunAsync(pooler, "RELOAD", cancellationToken);

    /// <summary>The databases that PgBouncer serves, by name, with the role that it enters each with.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ListAsync(PgBouncerOptions pooler, CancellationToken cancellationToken)
    {
        var rows = (await RunAsync(pooler, "SHOW DATABASES", cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(r => r.Split('\t')).ToList();
        var (name, role) = rows.Count == 0 ? (-1, -1) : (Array.IndexOf(rows[0], "name"), Array.IndexOf(rows[0], "force_user"));
        return name < 0 || role < 0
            ? throw new TransientFailureException($"PgBouncer at {Where(pooler)} answered something else than its list of databases.")
            : rows.Skip(1).Where(r => r.Length > Math.Max(name, role)).ToDictionary(r => r[name], r => r[role], StringComparer.Ordinal);
    }

    private static async Task<string> RunAsync(PgBouncerOptions pooler, string command, CancellationToken cancellationToken)
    {
        const string Setting = "Database__PgBouncer__Psql";
        var programs = await PostgresPrograms.FindAllAsync("psql", pooler.Psql, Setting, cancellationToken);
        var start = PostgresPrograms.StartInfo(
            programs[0].Path,
            "--no-psqlrc", "--no-password", "--no-align", "--field-separator=\t", "--pset=footer=off", "--quiet", "--command", command);
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(inherited);
        }

        start.Environment["PGHOST"] = pooler.Host;
        start.Environment["PGPORT"] = pooler.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = pooler.AdminUser;
        start.Environment["PGPASSWORD"] = pooler.AdminPassword;
        start.Environment["PGDATABASE"] = "pgbouncer";
        start.Environment["PGCONNECT_TIMEOUT"] = "10";
        using var process = PostgresPrograms.Run(start, Setting);
        process.StandardInput.Close();
        var tail = new OutputTail(pooler.AdminPassword);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            await Task.WhenAll(output, tail.ReadAsync(process.StandardError, limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0
                ? await output
                : throw new TransientFailureException($"PgBouncer at {Where(pooler)} did not carry out {command}: {tail}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TransientFailureException($"PgBouncer at {Where(pooler)} did not answer {command} in time.");
        }
    }

    private static string Where(PgBouncerOptions pooler) => string.Create(CultureInfo.InvariantCulture, $"{pooler.Host}:{pooler.Port}");
}
