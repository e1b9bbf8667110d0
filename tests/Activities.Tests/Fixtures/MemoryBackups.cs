using System.Collections.Concurrent;
using Bibind.ControlPlane.Backups;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>The list of backups in memory.</summary>
internal sealed class MemoryBackups : IBackupCatalogue
{
    public ConcurrentDictionary<string, BackupRecord> Rows { get; } = new(StringComparer.Ordinal);

    public Task<BackupRecord> RecordAsync(BackupRecord backup, string? insteadOf, CancellationToken cancellationToken) =>
        Task.FromResult(Rows.AddOrUpdate(backup.Id, backup, (_, first) => first.Key == insteadOf ? backup : first));

    public Task<IReadOnlyList<BackupRecord>> ListAsync(long tenantId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<BackupRecord>>([.. Rows.Values.Where(r => r.TenantId == tenantId).OrderByDescending(r => r.CreatedAt)]);

    public Task DeleteAsync(string backupId, CancellationToken cancellationToken)
    {
        Rows.TryRemove(backupId, out _);
        return Task.CompletedTask;
    }
}
