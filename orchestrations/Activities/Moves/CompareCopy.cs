using Bibind.Activities.Backup;
using Bibind.Activities.Database;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Moves;

/// <summary>
/// Compares a tenant's copy with the original, which nobody writes to: tables, and rows of the core tables. That the dump came over
/// whole was proved by its hash; this shows that it is the dump of this database, and that it was restored.
/// </summary>
public sealed class CompareCopy(PostgresConnector postgres, SuspendedDatabases suspended) : TaskActivity<MoveBegun, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, MoveBegun move)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(move);
        var original = await CountAsync(move.Source!, context.CancellationToken);
        var copy = await CountAsync(move.Target!, context.CancellationToken);
        var differences = original.Keys.Union(copy.Keys).Order(StringComparer.Ordinal)
            .Where(name => original.GetValueOrDefault(name, -1) != copy.GetValueOrDefault(name, -1))
            .Select(name => $"{name}: {original.GetValueOrDefault(name)} and {copy.GetValueOrDefault(name)}").ToList();
        return differences.Count == 0
            ? Unit.Value
            : throw new PermanentFailureException($"The copy on '{move.Target!.ServerCode}' is not what is on '{move.Source!.ServerCode}': {string.Join("; ", differences)}.");
    }

    private async Task<Dictionary<string, long>> CountAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var entry = await suspended.EnterAsync(place, cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.TranslateErrorsAsync(async () =>
        {
            var counts = new Dictionary<string, long>(await ScratchDatabase.CountRowsAsync(session, cancellationToken), StringComparer.Ordinal)
            {
                ["tables"] = await ScratchDatabase.CountTablesAsync(session, cancellationToken),
            };
            return counts;
        });
    }
}
