using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>Checks that the tenant's database is its own, can be seen by the application, and that the application answers for it.</summary>
public sealed class SmokeTestApplication(PostgresConnector postgres, IServerDirectory servers, IHttpClientFactory clients, TimeProvider time)
    : TaskActivity<TenantPlace, StepOutcome>
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    // The first column is how the application lists databases that it may serve.
    private const string DatabaseSql = """
        select d.datallowconn and not d.datistemplate and pg_get_userbyid(d.datdba) = $1,
               (select u.password like '$pbkdf2-sha512$%' and u.active from ir_model_data m join res_users u on u.id = m.res_id
                where m.module = 'base' and m.name = 'user_admin')
        from pg_database d where d.datname = current_database()
        """;

    private const string ParametersSql = """
        select key, value from ir_config_parameter
        where key in ('database.uuid', 'database.secret', 'web.base.url', 'web.base.url.freeze', 'bibind.tenant')
        """;

    /// <inheritdoc/>
    public override async Task<StepOutcome> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        await using (var session = await postgres.OpenAsync(place, context.CancellationToken))
        {
            var faults = await session.InWordsAsync(() => FindFaultsAsync(session, place, context.CancellationToken));
            if (faults.Count > 0)
            {
                throw new PermanentFailureException($"The database '{place.Database}' does not pass the test: {string.Join("; ", faults)}.");
            }
        }

        return await AskApplicationAsync(place, context.CancellationToken);
    }

    private static async Task<List<string>> FindFaultsAsync(DatabaseSession session, TenantPlace place, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var batch = new NpgsqlBatch(session.Connection)
        {
            BatchCommands =
            {
                new(DatabaseSql) { Parameters = { new() { Value = session.Server.ApplicationRole } } },
                new(ParametersSql),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        Check(reader.GetBoolean(0), "the application cannot see it");
        Check(!reader.IsDBNull(1) && reader.GetBoolean(1), "its administrator has no password");
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            parameters[reader.GetString(0)] = reader.GetString(1);
        }

        Check(Guid.TryParse(parameters.GetValueOrDefault("database.uuid"), out _), "it has no uuid");
        Check(Guid.TryParse(parameters.GetValueOrDefault("database.secret"), out _), "it has no secret");
        Check(parameters.GetValueOrDefault("web.base.url") == place.BaseUrl, "its address is not the tenant's");
        Check(parameters.GetValueOrDefault("web.base.url.freeze") == "True", "its address is not frozen");
        Check(OdooIdentity.IsTenants(parameters.GetValueOrDefault(OdooIdentity.TenantKey), place), "it was configured for another tenant");
        return faults;

        void Check(bool isRight, string fault)
        {
            if (!isRight)
            {
                faults.Add(fault);
            }
        }
    }

    private async Task<StepOutcome> AskApplicationAsync(TenantPlace place, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(place.ServerId, cancellationToken);
        using var limited = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/web/login"));
        request.Headers.Host = place.Host;
        try
        {
            using var client = clients.CreateClient(OdooRpc.HttpClientName);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return answer.StatusCode == System.Net.HttpStatusCode.OK
                ? new StepOutcome(true)
                : new StepOutcome(false, $"The application at {server.Url.Authority} answers {(int)answer.StatusCode} to the login page of {place.Host}.");
        }
        catch (HttpRequestException unreachable)
        {
            return new StepOutcome(false, $"The application at {server.Url.Authority} was not asked for its login page: {unreachable.HttpRequestError}.");
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new StepOutcome(false, $"The application at {server.Url.Authority} did not answer within {AnswerLimit.TotalSeconds:0} s.");
        }
    }
}
