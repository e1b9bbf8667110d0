using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>Tells the application its public address, and that no login changes it.</summary>
public sealed class SetApplicationAddress(PostgresConnector postgres, TimeProvider time, ILogger<SetApplicationAddress> logger) : TaskActivity<TenantPlace, Nothing>
{
    private const string Sql =
        """
        insert into ir_config_parameter (key, value, create_date, write_date)
        values ('web.base.url', $1, $2, $2), ('web.base.url.freeze', 'True', $2, $2)
        on conflict (key) do update set value = excluded.value, write_date = excluded.write_date
        where ir_config_parameter.value is distinct from excluded.value
        """;

    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await using var session = await postgres.OpenAsync(place, context.CancellationToken);
        return await session.InWordsAsync(async () =>
        {
            // The application keeps UTC in columns without a time zone.
            var now = DateTime.SpecifyKind(time.GetUtcNow().UtcDateTime, DateTimeKind.Unspecified);
            await using var command = new NpgsqlCommand(Sql, session.Connection) { Parameters = { new() { Value = place.BaseUrl }, new() { Value = now } } };
            if (await command.ExecuteNonQueryAsync(context.CancellationToken) > 0)
            {
                logger.AddressSet(place.Database, place.BaseUrl);
            }

            return Nothing.Value;
        });
    }
}
