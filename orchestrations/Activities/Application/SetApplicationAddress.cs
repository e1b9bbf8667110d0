using Bibind.Activities.Database;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>Tells the application its public address, and that no login changes it.</summary>
public sealed class SetApplicationAddress(
    PostgresConnector postgres, SuspendedDatabases suspended, ApplicationProviders applications, ILogger<SetApplicationAddress> logger) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var application = applications.Of(place.Application);
        await using var entry = await suspended.EnterAsync(place, context.CancellationToken);
        await using var session = await postgres.OpenAsync(place, context.CancellationToken);
        return await session.TranslateErrorsAsync(async () =>
        {
            if (await application.SetAddressAsync(session.Connection, place, context.CancellationToken))
            {
                logger.AddressSet(place.Database, place.BaseUrl);
            }

            return Unit.Value;
        });
    }
}
