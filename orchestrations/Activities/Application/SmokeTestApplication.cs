using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.DurableTask;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>Checks that the tenant's database is its own, can be seen by the application, and that the application answers for it.</summary>
public sealed class SmokeTestApplication(
    PostgresConnector postgres, ISuspensions suspensions, ApplicationProviders applications, IServerDirectory servers, IHttpClientFactory clients, TimeProvider time)
    : TaskActivity<TenantDescriptor, StepOutcome>
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    // How the application lists databases that it may serve.
    private const string DatabaseSql = """
        select d.datallowconn and not d.datistemplate and pg_get_userbyid(d.datdba) = $1 from pg_database d where d.datname = current_database()
        """;

    /// <inheritdoc/>
    public override async Task<StepOutcome> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        if (await suspensions.FindAsync(place.TenantId, context.CancellationToken) is { IsInForce: true })
        {
            return new StepOutcome(true, "The application was not asked for the tenant, which is suspended.");
        }

        var application = applications.Of(place.Application);
        await using (var session = await postgres.OpenAsync(place, context.CancellationToken))
        {
            var faults = await session.TranslateErrorsAsync(() => FindFaultsAsync(session, application, place, context.CancellationToken));
            if (faults.Count > 0)
            {
                throw new PermanentFailureException($"The database '{place.Database}' does not pass the test: {string.Join("; ", faults)}.");
            }
        }

        return await AskApplicationAsync(place, context.CancellationToken);
    }

    private static async Task<IReadOnlyList<string>> FindFaultsAsync(
        DatabaseSession session, IApplication application, TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(DatabaseSql, session.Connection) { Parameters = { new() { Value = session.Server.ApplicationRole } } };
        var isSeen = await look.ExecuteScalarAsync(cancellationToken) is true;
        var faults = await application.FindFaultsAsync(session.Connection, place, cancellationToken);
        return isSeen ? faults : ["the application cannot see it", .. faults];
    }

    private async Task<StepOutcome> AskApplicationAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(place.ServerId, cancellationToken);
        using var limited = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Url, "/web/login"));
        request.Headers.Host = place.Host;
        try
        {
            using var client = clients.CreateClient(ApplicationProviders.HttpClientName);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return FaultOf(answer) is { } fault
                ? new StepOutcome(false, $"The application at {server.Url.Authority} answers {(int)answer.StatusCode} to the login page of {place.Host}: {fault}.")
                : new StepOutcome(true);
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

    // Null for a login page. Odoo sends whoever asks for a database that it does not serve to its list of databases.
    private static string? FaultOf(HttpResponseMessage answer) => (int)answer.StatusCode switch
    {
        200 => null,
        >= 300 and < 400 when answer.Headers.Location?.OriginalString.Contains("/web/database/", StringComparison.Ordinal) is true =>
            "it does not serve the database of this host (its dbfilter must let the host's first label through)",
        >= 300 and < 400 => $"it sends the visitor to {PathOf(answer.Headers.Location)}",
        404 => "it knows no such page",
        429 or 502 or 503 or 504 => "it is down or busy",
        >= 500 => "it cannot load the database, its own log says why",
        _ => "it does not show one",
    };

    private static string PathOf(Uri? location) =>
        location is null ? "nowhere" : location.IsAbsoluteUri ? location.AbsolutePath : location.OriginalString.Split('?')[0];
}
