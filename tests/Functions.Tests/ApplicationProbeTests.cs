using Bibind.Functions.Servers;
using Bibind.Local;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>What is asked of a server's application at real sockets: it works, fails in every way, or means harm.</summary>
public sealed class ApplicationProbeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string> Faults => new()
    {
        { "refused", "connection refused" },
        { "mute", "did not answer within 2 seconds" },
        { "late", "did not answer within 2 seconds" },
        { "html", "not with JSON" },
        { "error", "it reports an error (KeyError: \\u{001b}[31mforged)" },
        { "other", "not with a version" },
        { "endless", "more than 64 KiB" },
        { "endless-headers", "headers that are too long" },
        { "dripping", "did not answer within 2 seconds" },
        { "redirect", "leads elsewhere (HTTP 307)" },
        { "hangs-up", "did not answer as HTTP does" },
        { "no-rpc-nor-health", "without \"pass\"" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task An_application_that_fails_is_said_so_in_words_and_within_its_limit(string fault, string words)
    {
        var inside = 0;
        await using var internalService = RawServer.Start(c => { inside++; return RawServer.Odoo()(c); });
        await using var server = RawServer.Start(Answer(fault, internalService));
        using var probe = new ApplicationProbe();
        var url = new Uri(fault == "refused" ? $"http://127.0.0.1:{FreePorts.Next()}" : server.Url);

        var answer = await probe.AskAsync(url, Limit, TestContext.Current.CancellationToken);

        Assert.False(answer.Ok, answer.Message);
        Assert.Contains(words, answer.Message, StringComparison.Ordinal);
        Assert.Equal(0, inside);
    }

    [Fact]
    public async Task A_link_local_address_is_not_called()
    {
        using var probe = new ApplicationProbe();

        var answer = await probe.AskAsync(new Uri("http://169.254.169.254"), Limit, TestContext.Current.CancellationToken);

        Assert.Contains("link-local", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_JSON_RPC_is_gone_health_and_version_tell_that_the_application_is_there()
    {
        await using var odoo = RawServer.Start(async connection =>
        {
            var line = await connection.ReadRequestAsync();
            var (status, body) = line.Split(' ')[1] switch
            {
                "/web/health" => ("200 OK", """{"status": "pass"}"""),
                "/web/version" => ("200 OK", """{"version_info": [20, 0, 0, "final", 0, ""], "version": "20.0"}"""),
                _ => ("404 Not Found", "<h1>Not Found</h1>"),
            };
            await connection.WriteAsync($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        });

        using var probe = new ApplicationProbe();
        var answer = await probe.AskAsync(new Uri(odoo.Url), Limit, TestContext.Current.CancellationToken);

        Assert.Equal((true, "20.0"), (answer.Ok, answer.Version));
    }

    private static Func<RawConnection, Task> Answer(string fault, RawServer inside) => fault switch
    {
        "mute" => RawServer.Silence,
        "late" => RawServer.Odoo(after: Limit + TimeSpan.FromSeconds(2)),
        "html" => RawServer.Http("<!doctype html><title>Welcome to nginx!</title>", headers: "Content-Type: text/html\r\n"),
        "error" => RawServer.Http("""{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"message": "KeyError: \u001b[31mforged"}}}"""),
        "other" => RawServer.Http("""{"jsonrpc": "2.0", "id": 1, "result": {"server_version": {"deep": []}}}"""),
        "endless" => Endless,
        "endless-headers" => EndlessHeaders,
        "dripping" => Dripping,
        "redirect" => RawServer.Http("", "307 Temporary Redirect", $"Location: {inside.Url}/jsonrpc\r\n"),
        "no-rpc-nor-health" => RawServer.Http("Not Found", "404 Not Found"),
        _ => _ => Task.CompletedTask,
    };

    private static async Task Endless(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[");
        while (!connection.Ended.IsCancellationRequested)
        {
            await connection.WriteAsync(new string('0', 8192));
        }
    }

    private static async Task EndlessHeaders(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        await connection.WriteAsync("HTTP/1.1 200 OK\r\n");
        while (!connection.Ended.IsCancellationRequested)
        {
            await connection.WriteAsync($"X-More: {new string('0', 1000)}\r\n");
        }
    }

    private static async Task Dripping(RawConnection connection)
    {
        await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (!connection.Ended.IsCancellationRequested)
        {
            await connection.WriteAsync(" ");
            await Task.Delay(50, connection.Ended);
        }
    }
}
