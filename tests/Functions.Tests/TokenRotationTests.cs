using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Tokens of callers and webhooks are changed through HTTP while requests run, as docs/keys.md says.</summary>
public sealed class TokenRotationTests(PostgresServer postgres)
{
    private const string NextManager = "next-manager-token-0123456789abcdef";
    private const string NextWebhook = "next-webhook-token-0123456789abcdef";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Old_and_new_are_valid_side_by_side_and_the_old_one_ends_when_it_was_told_to()
    {
        await using var before = new ApiHost(postgres);
        await before.InitializeAsync();
        var clock = new MovedClock();
        await using var during = new ApiHost(postgres) { ControlDatabase = before.ControlDatabase, More = BothTokens(clock.GetUtcNow().AddHours(1)), Clock = clock };
        await during.InitializeAsync();

        // A host that was not restarted yet, one that was, and callers with either token.
        using var stop = new CancellationTokenSource();
        var calls = new ConcurrentQueue<Call>();
        var callers = new[] { (before, ApiHost.ManagerToken), (during, ApiHost.ManagerToken), (during, NextManager) }
            .Select(c => CallAsync(c.Item1, c.Item2, calls, clock, stop.Token)).ToList();
        await Eventually.UntilAsync(() => OfOld().Count() >= 20, Limit, "the old token is in use");
        clock.Lead = TimeSpan.FromHours(2);
        await Eventually.UntilAsync(() => OfOld().Any(c => c.Status == HttpStatusCode.Unauthorized), Limit, "the old token has ended");
        await stop.CancelAsync();
        await Task.WhenAll(callers);

        Assert.All(calls.Where(c => c.Host == before || c.Token == NextManager), c => Assert.Equal(HttpStatusCode.OK, c.Status));
        Assert.All(OfOld().Where(c => !c.EndedBefore && !c.EndedAfter), c => Assert.Equal(HttpStatusCode.OK, c.Status));
        Assert.All(OfOld().Where(c => c.EndedBefore), c => Assert.Equal(HttpStatusCode.Unauthorized, c.Status));
        using var refused = await during.GetAsync("/api/tenants", ApiHost.ManagerToken);
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Contains("The token ended at", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);

        IEnumerable<Call> OfOld() => calls.Where(c => c.Host == during && c.Token == ApiHost.ManagerToken);
    }

    [Fact]
    public async Task A_console_with_a_new_address_is_the_same_console()
    {
        await using var host = new ApiHost(postgres) { More = BothTokens(DateTimeOffset.UtcNow.AddHours(1)) };
        await host.InitializeAsync();

        using var first = await PostAsync(host, ApiHost.WebhookToken, 1, "webhooked");
        using var again = await PostAsync(host, NextWebhook, 1, "webhooked");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.StatusCode, again.StatusCode));
        Assert.Equal(first.Headers.Location, again.Headers.Location);
    }

    [Fact]
    public async Task A_webhook_that_ended_is_not_found_and_orders_nothing()
    {
        await using var host = new ApiHost(postgres) { More = BothTokens(DateTimeOffset.UtcNow.AddMinutes(-1)) };
        await host.InitializeAsync();
        var before = await host.CountRowsAsync();

        using var old = await PostAsync(host, ApiHost.WebhookToken, 1, "late");
        var problem = await ProblemAssert.IsAsync(old, HttpStatusCode.NotFound, "not-found");
        Assert.Contains("ended at", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, await host.CountRowsAsync());
        using var next = await PostAsync(host, NextWebhook, 1, "late");
        Assert.Equal(HttpStatusCode.Accepted, next.StatusCode);
    }

    [Fact]
    public async Task The_list_and_the_log_say_by_name_which_tokens_are_still_used()
    {
        await using var host = new ApiHost(postgres) { More = BothTokens(DateTimeOffset.UtcNow.AddHours(1)) };
        await host.InitializeAsync();
        await using var ended = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase, More = BothTokens(DateTimeOffset.UtcNow.AddHours(-1)) };
        await ended.InitializeAsync();

        Assert.Equal("valid never never", await StateAsync(host, "api", "sales", "default"));
        using var old = await host.GetAsync("/api/tenants", ApiHost.ManagerToken);
        using var webhook = await PostAsync(host, NextWebhook, 1, "listed");
        await Eventually.UntilAsync(async () => await StateAsync(host, "api", "sales", "default") == "valid used never", Limit, "the use is recorded");
        await Eventually.UntilAsync(async () => await StateAsync(host, "webhook", "console", "2027") == "valid used never", Limit, "the use is recorded");
        Assert.Equal("valid never never", await StateAsync(host, "api", "sales", "2027"));

        using var late = await ended.GetAsync("/api/tenants", ApiHost.ManagerToken);
        await Eventually.UntilAsync(async () => await StateAsync(ended, "api", "sales", "default") == "ended used refused", Limit, "the refusal is recorded");

        // At a host that does not have the new token any more, as after a change that was taken back.
        await using var reverted = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase };
        await reverted.InitializeAsync();
        Assert.Equal("removed used never", await StateAsync(reverted, "webhook", "console", "2027"));

        Assert.Contains("The api token 'default' of sales ends at", host.Logs.Text, StringComparison.Ordinal);
        Assert.Contains("The webhook token '2027' of console is in use.", host.Logs.Text, StringComparison.Ordinal);
        Assert.Contains("was presented and refused", ended.Logs.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("-token-0123456789abcdef", host.Logs.Text + ended.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_use_just_before_the_stop_is_recorded_and_a_database_that_is_away_holds_up_nobody()
    {
        var host = new ApiHost(postgres);
        await host.InitializeAsync();
        await host.ExecuteAsync("alter table control.token_uses rename to token_uses_away");
        using var unrecorded = await host.GetAsync("/api/tenants", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.OK, unrecorded.StatusCode);
        await Eventually.UntilAsync(
            () => host.Logs.Text.Contains("could not be recorded", StringComparison.Ordinal), Limit, "it is said");
        await host.ExecuteAsync("alter table control.token_uses_away rename to token_uses");
        using var recorded = await host.GetAsync("/api/tenants", ApiHost.ViewerToken);
        await host.DisposeAsync();

        await using var next = new ApiHost(postgres) { ControlDatabase = host.ControlDatabase };
        await next.InitializeAsync();
        Assert.Equal("valid used never", await StateAsync(next, "api", "watcher", "default"));
        Assert.Equal("valid never never", await StateAsync(next, "api", "sales", "default"));
    }

    [Theory]
    [InlineData("--Auth:Tokens:3:Role=admin", "Auth__Tokens__3__Role is another than Auth__Tokens__1__Role")]
    [InlineData("--Auth:Tokens:3:Customer=c-42", "Auth__Tokens__3__Customer is another than Auth__Tokens__1__Customer")]
    [InlineData("--Auth:Tokens:3:Label=default", "Auth__Tokens__3__Name is the same as Auth__Tokens__1__Name; two callers need two names, and two tokens of one caller a Label each.")]
    [InlineData($"--Auth:Tokens:3:Token={ApiHost.ManagerToken}", "Auth__Tokens__3__Token is the same as Auth__Tokens__1__Token")]
    public void Tokens_of_one_caller_open_the_same_and_have_a_label_each(string argument, string words)
    {
        string[] arguments = [.. new ApiHost(postgres) { ControlDatabase = "Host=127.0.0.1;Database=nowhere", More = [.. BothTokens(DateTimeOffset.UtcNow), argument] }.Arguments()];

        var wrong = Assert.Throws<Settings.SettingsException>(() => FunctionsHost.Build(arguments));

        Assert.Contains(wrong.Problems, p => p.StartsWith(words, StringComparison.Ordinal));
        Assert.DoesNotContain("-token-0123456789abcdef", wrong.Message, StringComparison.Ordinal);
    }

    // The old ones end; the new ones stand beside them.
    private static string[] BothTokens(DateTimeOffset end) =>
    [
        $"--Auth:Tokens:1:NotAfter={end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}",
        "--Auth:Tokens:3:Name=sales", $"--Auth:Tokens:3:Token={NextManager}", "--Auth:Tokens:3:Role=manager", "--Auth:Tokens:3:Label=2027",
        $"--OdooWebhooks:0:NotAfter={end.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}",
        "--OdooWebhooks:2:Name=console", $"--OdooWebhooks:2:Token={NextWebhook}", "--OdooWebhooks:2:Label=2027",
    ];

    private static async Task CallAsync(ApiHost host, string token, ConcurrentQueue<Call> calls, MovedClock clock, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var endedBefore = clock.Lead > TimeSpan.Zero;
            using var answer = await host.GetAsync("/api/tenants?pageSize=1", token);
            calls.Enqueue(new Call(host, token, answer.StatusCode, endedBefore, clock.Lead > TimeSpan.Zero));
        }
    }

    private static Task<HttpResponseMessage> PostAsync(ApiHost host, string token, int record, string code) => host.SendAsync(
        HttpMethod.Post, $"/webhooks/odoo/{token}", token: null,
        $$"""{"_model": "sale.order", "_id": {{record}}, "code": "{{code}}", "name": "Acme", "offer": "odoo-shared"}""");

    private static async Task<string> StateAsync(ApiHost host, string kind, string caller, string label)
    {
        using var answer = await host.GetAsync("/api/tokens", ApiHost.AdminToken);
        var token = (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray().Single(
            t => (t.GetProperty("kind").GetString(), t.GetProperty("caller").GetString(), t.GetProperty("label").GetString()) == (kind, caller, label));
        return $"{token.GetProperty("state").GetString()} {(Has(token, "usedAt") ? "used" : "never")} {(Has(token, "refusedAt") ? "refused" : "never")}";
    }

    private static bool Has(JsonElement token, string member) => token.TryGetProperty(member, out var at) && at.ValueKind != JsonValueKind.Null;

    /// <param name="Host">Whom it went to.</param>
    /// <param name="Token">What it was made with.</param>
    /// <param name="Status">The answer.</param>
    /// <param name="EndedBefore">The old token had ended before it was sent.</param>
    /// <param name="EndedAfter">The old token had ended when it was answered.</param>
    private sealed record Call(ApiHost Host, string Token, HttpStatusCode Status, bool EndedBefore, bool EndedAfter);

    /// <summary>The machine's clock, some time ahead.</summary>
    private sealed class MovedClock : TimeProvider
    {
        private long _lead;

        public TimeSpan Lead
        {
            get => TimeSpan.FromTicks(Interlocked.Read(ref _lead));
            set => Interlocked.Exchange(ref _lead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Lead;
    }
}
