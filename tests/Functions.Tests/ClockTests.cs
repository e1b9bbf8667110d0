using System.Net;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A machine whose clock is not the control database's says so, and does not start where nothing would be done in its time.</summary>
public sealed class ClockTests(PostgresServer postgres)
{
    [Theory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task Clocks_a_minute_apart_are_a_warning(int seconds)
    {
        var logs = new CapturedLogs();
        await using var app = await BuildAsync(seconds, logs);
        await app.StartAsync();
        await ApiHost.UntilWorkerRunsAsync(app);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var ready = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        var clocks = (await ApiHost.JsonAsync(ready)).GetProperty("checks").GetProperty("clocks").GetString();

        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Matches(@"^The clocks are (59|60|61) seconds apart: \d{4}-.* UTC here, \d{4}-.* UTC at the control database\.$", clocks);
        Assert.Contains(" seconds apart: ", logs.Text, StringComparison.Ordinal);
        await app.StopAsync();
    }

    [Theory]
    [InlineData(600)]
    [InlineData(-600)]
    public async Task Clocks_ten_minutes_apart_stop_the_start(int seconds)
    {
        await using var app = await BuildAsync(seconds, new CapturedLogs());
        var refused = await Assert.ThrowsAsync<StartException>(() => app.StartAsync());
        Assert.Matches(@"^The clocks are \d+ seconds apart: .* A host starts with 5 minutes at most: set the clocks \(NTP\)\.$", refused.Message);
    }

    private async Task<WebApplication> BuildAsync(int seconds, CapturedLogs logs)
    {
        var connection = await postgres.CreateControlDatabaseAsync();
        return FunctionsHost.Build([.. new ApiHost(postgres).Arguments(), $"--ControlDatabase={connection}"], builder =>
        {
            builder.Logging.ClearProviders().AddProvider(logs);
            builder.Services.AddSingleton<TimeProvider>(new Ahead(TimeSpan.FromSeconds(seconds)));
            builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
        });
    }

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
