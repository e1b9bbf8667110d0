using System.Collections.Concurrent;
using System.Diagnostics;
using Bibind.Activities.Backup;
using Bibind.Activities.Registration;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Worker;

/// <summary>A host of one tenant on one server; what the control database would know is kept in memory.</summary>
internal sealed class OneTenant(IConfiguration configuration) : IServerDirectory, ISecretStore, IBackupCatalogue, ISuspensions, ISupportAccounts
{
    private readonly ConcurrentDictionary<string, string> _secrets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BackupRecord> _backups = new(StringComparer.Ordinal);

    public static ServiceProvider Host(IConfiguration configuration)
    {
        var tenant = new OneTenant(configuration);
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton(configuration)
            .AddSingleton<IServerDirectory>(tenant)
            .AddSingleton<ISecretStore>(tenant)
            .AddSingleton<IBackupCatalogue>(tenant)
            .AddSingleton<ISuspensions>(tenant)
            .AddSingleton<ISupportAccounts>(tenant)
            .AddSingleton<IDatabaseRegister, MemoryDatabases>()
            .AddActivities(configuration)
            .BuildServiceProvider();
    }

    /// <summary>Backs a database up and restores the backup as another.</summary>
    public static async Task BackUpAndRestoreAsync(IServiceProvider services, string database, string copy)
    {
        var place = Place(1, database);
        var owner = services.GetRequiredService<IConfiguration>()["ApplicationRole"]!;
        ((MemoryDatabases)services.GetRequiredService<IDatabaseRegister>()).AddUnseen(database, mark: null, owner, DatabaseHolder.Tenant(place.TenantId));
        var took = Stopwatch.StartNew();
        await RunAsync<TakeBackup, BackupRequest, BackupTaken>(services, new BackupRequest(place, "manual"));
        await Console.Out.WriteLineAsync($"backed up {took.ElapsedMilliseconds}");
        took.Restart();
        await RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(
            services, new RestoreRequest(Place(2, copy), new BackupRef(place.TenantId, $"{place.JobId}-manual"), Replace: false));
        await Console.Out.WriteLineAsync($"restored {took.ElapsedMilliseconds}");
    }

    public Task<ServerConnection> GetConnectionAsync(long serverId, CancellationToken cancellationToken) => Task.FromResult(new ServerConnection
    {
        ServerId = serverId,
        Code = "srv-1",
        Url = new Uri("http://127.0.0.1:8069"),
        DatabaseHost = "127.0.0.1",
        DatabasePort = configuration.GetValue<int>("DatabasePort"),
        DatabaseUser = configuration["DatabaseUser"]!,
        DatabasePassword = configuration["DatabasePassword"]!,
        ApplicationRole = configuration["ApplicationRole"]!,
        ApplicationPassword = configuration["ApplicationPassword"]!,
    });

    public Task<string> GetOrSetAsync(string name, Func<string> make, CancellationToken cancellationToken) =>
        Task.FromResult(_secrets.GetOrAdd(name, _ => make()));

    public Task SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        _secrets[name] = value;
        return Task.CompletedTask;
    }

    public Task<string?> FindAsync(string name, CancellationToken cancellationToken) => Task.FromResult(_secrets.GetValueOrDefault(name));

    Task<int> ISecretStore.DeleteAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult(_secrets.Keys.Count(name => name.StartsWith(prefix, StringComparison.Ordinal) && _secrets.TryRemove(name, out _)));

    public Task<int> CountAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult(_secrets.Keys.Count(name => name.StartsWith(prefix, StringComparison.Ordinal)));

    public Task<BackupRecord> RecordAsync(BackupRecord backup, string? insteadOf, CancellationToken cancellationToken) =>
        Task.FromResult(_backups.AddOrUpdate(backup.Id, backup, (_, first) => first.Key == insteadOf ? backup : first));

    public Task<IReadOnlyList<BackupRecord>> ListAsync(long tenantId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackupRecord>>([.. _backups.Values.Where(b => b.TenantId == tenantId)]);

    Task IBackupCatalogue.DeleteAsync(string backupId, CancellationToken cancellationToken)
    {
        _backups.TryRemove(backupId, out _);
        return Task.CompletedTask;
    }

    private static Task<TOut> RunAsync<TActivity, TIn, TOut>(IServiceProvider services, TIn input)
        where TActivity : TaskActivity<TIn, TOut> =>
        ActivatorUtilities.CreateInstance<TActivity>(services)
            .RunAsync(new DurableActivityContext("worker", typeof(TActivity).Name, 1, 1, CancellationToken.None), input);

    private static TenantDescriptor Place(long tenantId, string database) => new()
    {
        TenantId = tenantId,
        JobId = $"job-{database}",
        Code = database.Replace('_', '-'),
        Name = database,
        Offer = "odoo",
        Plan = "starter",
        ServerId = 1,
        ServerCode = "srv-1",
        Database = database,
        TemplateCode = "blank",
        TemplateDatabase = "none",
        Host = "tenant.example.com",
        BaseUrl = "https://tenant.example.com",
        Bucket = "bibind-tenant",
    };

    Task<IReadOnlyList<SupportAccount>> ISupportAccounts.ListAsync(long tenantId, bool besidesLive, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<SupportAccount>>([]);

    Task<Suspension?> ISuspensions.FindAsync(long tenantId, CancellationToken cancellationToken) => Task.FromResult<Suspension?>(null);

    Task<bool> ISuspensions.HoldAsync(long tenantId, Func<Task> work, CancellationToken cancellationToken) => Task.FromResult(false);
}
