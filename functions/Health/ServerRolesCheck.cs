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
    // Every question costs two connections per server, and anybody may ask.
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private DateTimeOffset _asked = DateTimeOffset.MinValue;
    private string? _fault;

    public string Name => "server-roles";

    public bool IsWarning => true;

    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (time.GetUtcNow() - _asked >= Kept)
            {
                _fault = await AskAsync(cancellation);
                _asked = time.GetUtcNow();
            }

            return _fault;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

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
