using System.Diagnostics;
using Bibind.Local;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>
/// A backup – dumped, compressed, encrypted, stored, recorded – against <c>pg_dump -Fc</c> of the same database to a file, in turns.
/// </summary>
internal static class BackupBenchmark
{
    private const string Template = "bench_backup_template";
    private const string Tenant = "bench-backup";
    private const int MemoryLimitMegabytes = 200;

    // Words like those of people, about 1 kB a message, none twice the same.
    private const string MessagesSql = """
        insert into mail_message (model, res_id, subject, message_type, email_from, message_id, date, body)
        select 'res.partner', n % 500, 'Order ' || n, 'comment', 'customer' || n % 997 || '@example.com', '<' || md5(n::text) || '@example.com>',
               timestamp '2026-01-01' + n * interval '1 minute',
               (select '<p>' || string_agg((array['order','invoice','delivery','please','with','the','customer','of','and','table','menu','guest',
                         'kitchen','tomorrow','thanks','for','your','quotation','payment','reminder'])[1 + (('x' || substr(md5((n * 131 + w)::text), 1, 6))::bit(24)::int % 20)]
                       || case when w % 12 = 0 then ' ' || (n * w) % 100003 else '' end, ' ' order by w) || '</p>'
                from generate_series(1, 140) w)
        from generate_series(1, $1) n
        """;

    public static async Task RunAsync(bool quick)
    {
        await using var postgres = await BenchServer.StartAsync();
        if (postgres.Binaries.PgDump is not { } pgDump)
        {
            Console.WriteLine("backup: left out, this PostgreSQL came without pg_dump.");
            return;
        }

        await OdooTemplate.BuildAsync(postgres.SuperuserConnectionString, Template, OdooVariant.Blank, new OdooTemplateOptions { LockAfter = true });
        await using var host = await BenchHost.StartAsync(postgres, Template, pgDump: pgDump);
        await host.OrderAsync(Tenant, "blank", TimeSpan.FromMilliseconds(50));
        var bytes = await FillAsync(postgres, quick ? 60_000 : 250_000);
        Figures.Print("backup.database", bytes / 1048576.0, "MB");

        var plain = new List<double>();
        var ours = new List<double>();
        var file = Path.Combine(Path.GetTempPath(), $"bibind-bench-{Guid.NewGuid():N}.dump");
        try
        {
            for (var round = 0; round < (quick ? 3 : 7); round++)
            {
                await host.SettleAsync();
                plain.Add(await DumpAsync(postgres, pgDump, file));
                await host.SettleAsync();
                ours.Add(await host.BackUpAsync(Tenant));
            }

            Figures.Print("backup.pg_dump_custom_format", Figures.Median(plain), "ms", $"{new FileInfo(file).Length / 1048576.0:0.0} MB");
        }
        finally
        {
            File.Delete(file);
        }

        Figures.Print("backup.order_to_stored", Figures.Median(ours), "ms", $"{await host.NewestBackupBytesAsync(Tenant) / 1048576.0:0.0} MB, {ours.Count} rounds in turn");
        Figures.Print("backup.throughput", Figures.Median(plain) / Figures.Median(ours), "x pg_dump -Fc to a file", "must 0.8, goal 2");
        Figures.Print("backup.host_peak_memory", host.PeakMegabytes(), "MB", $"limit {MemoryLimitMegabytes} MB");
    }

    private static async Task<long> FillAsync(EmbeddedPostgres postgres, int messages)
    {
        await using var database = NpgsqlDataSource.Create(postgres.ConnectionString(Tenant));
        await using var insert = database.CreateCommand(MessagesSql);
        insert.CommandTimeout = 0;
        insert.Parameters.Add(new NpgsqlParameter { Value = messages });
        await insert.ExecuteNonQueryAsync();
        await using var size = database.CreateCommand("select pg_database_size(current_database())");
        return (long)(await size.ExecuteScalarAsync())!;
    }

    private static async Task<double> DumpAsync(EmbeddedPostgres postgres, string pgDump, string file)
    {
        var access = new NpgsqlConnectionStringBuilder(postgres.ConnectionString(Tenant));
        var start = new ProcessStartInfo(pgDump) { ArgumentList = { "-Fc", "-f", file } };
        start.Environment["PGHOST"] = access.Host;
        start.Environment["PGPORT"] = $"{access.Port}";
        start.Environment["PGUSER"] = access.Username;
        start.Environment["PGPASSWORD"] = access.Password;
        start.Environment["PGDATABASE"] = Tenant;
        var watch = Stopwatch.StartNew();
        using var dump = Process.Start(start)!;
        await dump.WaitForExitAsync();
        return dump.ExitCode == 0 ? watch.Elapsed.TotalMilliseconds : throw new InvalidOperationException($"pg_dump ended with {dump.ExitCode}.");
    }
}
