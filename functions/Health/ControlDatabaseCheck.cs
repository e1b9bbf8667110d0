using Bibind.Functions.Problems;
using Npgsql;

namespace Bibind.Functions.Health;

/// <summary>The control database answers and has its schema.</summary>
internal sealed class ControlDatabaseCheck(NpgsqlDataSource database, IControlPlaneReadiness readiness) : IReadinessCheck
{
    public string Name => "control-database";

    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        await readiness.EnsureReadyAsync(cancellation);
        await using var command = database.CreateCommand("SELECT to_regclass('control.tenants') IS NOT NULL");
        return await command.ExecuteScalarAsync(cancellation) is true ? null : "Its migrations are not applied.";
    }
}
