using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Support;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Support;

/// <summary>
/// Locks an operator's account out of the copies that moves have left since the access was asked for. A copy is read-only and no application lists it, but it has a name, the
/// account's password and its sessions; and somebody may bring it back by hand.
/// </summary>
public sealed class SupportInCopies(
    MoveStore moves, CopyPlaces places, PostgresConnector postgres, SuspendedDatabases suspended, ApplicationProviders applications, ILogger<SupportInCopies> logger)
{
    /// <summary>Does it; succeeds when there are no copies.</summary>
    /// <param name="access">The access.</param>
    /// <param name="account">Its account.</param>
    /// <param name="lives">Where the tenant lives.</param>
    /// <param name="context">Of the step that does it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What could not be looked at because it is not ours, in words.</returns>
    public async Task<IReadOnlyList<string>> LockOutAsync(
        SupportAccess access, SupportAccount account, TenantDescriptor lives, TaskActivityContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(access);
        ArgumentNullException.ThrowIfNull(lives);
        ArgumentNullException.ThrowIfNull(context);
        var unseen = new List<string>();
        foreach (var move in await moves.ListCopiesSinceAsync(lives.TenantId, access.RequestedAt, cancellationToken))
        {
            var copy = (await places.OfAsync(move, lives, cancellationToken)).Place!;
            try
            {
                if (!await IsThereAsync(copy, cancellationToken))
                {
                    continue;
                }
            }
            catch (PermanentFailureException foreign)
            {
                // Nobody's word makes it ours again.
                unseen.Add($"The copy on server '{copy.ServerCode}' was not looked at: {foreign.Message}");
                continue;
            }

            await using var entry = await suspended.EnterCopyAsync(copy, cancellationToken);
            await using var session = await postgres.OpenAsync(copy, cancellationToken);
            var lockout = await session.TranslateErrorsAsync(async () =>
            {
                await context.EnsureLeaseHeldAsync();
                return await applications.Of(copy.Application).LockOutSupportAsync(session.Connection, account, cancellationToken);
            });
            logger.SupportAccountRemovedFromCopy(access.Id, copy.Database, copy.ServerCode, lockout.WasThere);
        }

        return unseen;
    }

    private async Task<bool> IsThereAsync(TenantDescriptor copy, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(copy.ServerId, $"bibind support {copy.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(
            copy.Database, async () => await LabelledDatabases.FindOursAsync(session, LabelledDatabase.Of(copy), cancellationToken) is { IsInvalid: false });
    }
}
