using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Pools;

/// <summary>Looks at what a server has of its pools, and decides what is made and dropped. It changes nothing at the server.</summary>
public sealed class PlanWarmPools(
    PostgresConnector postgres, IFileStore files, IWarmPools pools, IOptions<WarmPoolOptions> options, TimeProvider time) : TaskActivity<WarmPoolOrder, WarmPoolPlan>
{
    // The label is in the name and the comment; both, and the owner, have to agree.
    private const string OursSql = """
        select d.datname::text, d.oid::bigint from pg_database d
        where starts_with(d.datname::text, $1) and pg_get_userbyid(d.datdba) = session_user
          and starts_with(coalesce(shobj_description(d.oid, 'pg_database'), $2), $2)
        """;

    /// <inheritdoc/>
    public override async Task<WarmPoolPlan> RunAsync(TaskActivityContext context, WarmPoolOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        return options.Value.Enabled
            ? await pools.PlanAsync(order.ServerId, options.Value.Limits, await LookAsync(order, context.CancellationToken), context.CancellationToken)
            : new WarmPoolPlan();
    }

    private async Task<SeenPoolDatabases> LookAsync(WarmPoolOrder order, CancellationToken cancellationToken)
    {
        var prefix = $"pool_{await pools.GetLabelAsync(cancellationToken)}_";
        var at = time.GetUtcNow();
        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, "bibind pools", cancellationToken);
        var databases = await session.TranslateErrorsAsync(MaintenanceSession.Database, () => session.QueryAsync(
            OursSql, row => (Name: row.GetString(0), Oid: row.GetInt64(1)), cancellationToken, prefix, PooledDatabases.LabelStart));
        var seen = databases.ToDictionary(d => d.Name, d => d.Oid, StringComparer.Ordinal);

        // Files whose database is gone are looked at like a database without a row.
        foreach (var name in files.IsOn ? files.ListPools(order.ServerCode, prefix) : [])
        {
            seen.TryAdd(name, 0);
        }

        return new SeenPoolDatabases(at, seen);
    }
}
