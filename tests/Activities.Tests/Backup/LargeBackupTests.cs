using System.Security.Cryptography;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Npgsql;
using NpgsqlTypes;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

public sealed class LargeBackupTests(ITestOutputHelper output)
{
    private const int Mebibyte = 1024 * 1024;
    private const int RowBytes = 128 * 1024;
    private const int Rows = 300 * Mebibyte / RowBytes;
    private const int FileBytes = 150 * Mebibyte;

    [Fact]
    public async Task A_database_and_a_file_larger_than_its_memory_pass_through_the_process_both_ways()
    {
        var ceph = await SharedServers.CephS3Async();
        var postgres = await PostgresFixture.GetAsync();
        await using var database = await TestDatabase.CreateAsync(LocalServer.ApplicationRole);
        await FillAsync(database);
        var (bucket, copy) = ($"backups-{Guid.NewGuid():N}", $"copy_{Guid.NewGuid():N}"[..30]);
        var folder = PostgresFixture.NewFolder();
        var file = WriteFile(folder, database.Name);
        var settings = new Dictionary<string, string>
        {
            ["Storage__Provider"] = "s3",
            ["Storage__S3__Endpoint"] = ceph.Url.AbsoluteUri,
            ["Storage__S3__AccessKey"] = ceph.Account.AccessKey,
            ["Storage__S3__SecretKey"] = ceph.Account.SecretKey,
            ["Backups__Bucket"] = bucket,
            ["FileStore__Provider"] = "folder",
            ["FileStore__Folder"] = folder,
            ["DatabasePort"] = $"{postgres.Port}",
            ["DatabaseUser"] = LocalServer.MaintenanceRole,
            ["DatabasePassword"] = postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["ApplicationRole"] = LocalServer.ApplicationRole,
            ["ApplicationPassword"] = postgres.PasswordOf(LocalServer.ApplicationRole),
        };

        var result = await WorkerProcess.RunAsync(heapLimit: 90 * Mebibyte, settings, "restore", database.Name, copy);

        // The copy goes with the server at the end of all tests.
        output.WriteLine(string.Join(", ", result.Lines));
        Assert.True(result.PeakBytes < 200 * Mebibyte, $"The process had {result.PeakBytes / Mebibyte} MiB.");
        Assert.Equal(await HashAsync(database.SuperuserConnectionString), await HashAsync(postgres.ConnectionString(copy)));
        Assert.True(SameContent(Path.Combine(folder, database.Name, file), Path.Combine(folder, copy, file)));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>One file that cannot be compressed; answers its name in the store.</summary>
    private static string WriteFile(string folder, string database)
    {
        var file = new OdooFile(0, RandomNumberGenerator.GetBytes(FileBytes));
        var path = Path.Combine(folder, database, file.StoreName);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file.Content);
        return file.StoreName;
    }

    private static bool SameContent(string one, string other)
    {
        using var first = File.OpenRead(one);
        using var second = File.OpenRead(other);
        return SHA256.HashData(first).AsSpan().SequenceEqual(SHA256.HashData(second));
    }

    private static async Task FillAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand(
            """
            create table ir_module_module (name text, latest_version text);
            create table large (id int primary key, content bytea);
            alter table large alter content set storage external
            """,
            connection);
        await create.ExecuteNonQueryAsync();
        await using var import = await connection.BeginBinaryImportAsync("copy large (id, content) from stdin (format binary)");
        for (var id = 0; id < Rows; id++)
        {
            await import.StartRowAsync();
            await import.WriteAsync(id, NpgsqlDbType.Integer);
            await import.WriteAsync(RandomNumberGenerator.GetBytes(RowBytes), NpgsqlDbType.Bytea);
        }

        await import.CompleteAsync();
    }

    private static async Task<string> HashAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var hash = new NpgsqlCommand("select count(*) || md5(string_agg(md5(content), '' order by id)) from large", connection);
        return (string)(await hash.ExecuteScalarAsync())!;
    }
}
