using Bibind.ControlPlane.Servers;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Health;

/// <summary>
/// The roles of the active servers have what they need and no more. The answer is open to everybody, so it names servers only; what is
/// wrong with them is said to administrators.
/// </summary>
internal sealed class ServerRolesCheck(ServerStore servers, IServerDirectory directory, ConnectionTest test, TimeProvider time)
    : IReadinessCheck, IDisposable
{
    private readonly CachedResponse<string?> _fault = new(time);

    public string Name => "server-roles";

    public bool IsWarning => true;

    public Task<string?> FindFaultAsync(CancellationToken cancellation) => _fault.GetAsync(AskAsync, cancellation);

    public void Dispose() => _fault.Dispose();

    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        var active = (await servers.ListAsync(cancellation)).Where(s => s.State == ServerStates.Active).ToList();
        var checks = await Task.WhenAll(active.Select(async s => (s.Code, Check: await CheckAsync(s, cancellation))));
        var failed = checks.Where(c => !c.Check.Ok).Select(c => c.Code).ToList();
        return failed.Count == 0 ? null
            : $"PostgreSQL of {string.Join(", ", failed)} does not pass the test of its roles: GET /api/servers/{{code}}/check says what is wrong.";
    }

    private async Task<CheckResult> CheckAsync(Server server, CancellationToken cancellation) =>
        await test.CheckDatabaseAsync(await directory.GetConnectionAsync(server.Id, cancellation), cancellation);
}
