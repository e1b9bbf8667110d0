using System.Diagnostics;
using System.Globalization;
using Bibind.Activities.RateLimits;
using Bibind.Activities.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Bibind.Activities.Tests.Dns;

[Collection(RealDns.Name)]
public sealed class BadAnswersTests
{
    [Theory]
    [InlineData(200, "text/html", "<html>Welcome to the hotel's network</html>")]
    [InlineData(200, "application/json", "{\"rrsets\": 7}")]
    [InlineData(200, "application/json", "[]")]
    [InlineData(500, "text/plain", "oops")]
    [InlineData(502, "text/html", "<h1>Bad gateway</h1>")]
    public async Task What_makes_no_sense_is_tried_again_later(int status, string type, string body)
    {
        await using var stub = await HttpStub.StartAsync(http =>
        {
            (http.Response.StatusCode, http.Response.ContentType) = (status, type);
            return http.Response.WriteAsync(body);
        });
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", stub.Url.ToString()));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains(status.ToString(CultureInfo.InvariantCulture), failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_slow_is_not_waited_for()
    {
        await using var stub = await HttpStub.StartAsync(http => Task.Delay(Timeout.Infinite, http.RequestAborted));
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", stub.Url.ToString()), ("Dns:CallLimit", "00:00:00.2"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Contains("did not answer within 0.2 s", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_is_tried_again_later()
    {
        await using var stub = await HttpStub.StartAsync(async http =>
        {
            http.Response.ContentLength = 1000;
            await http.Response.WriteAsync("{\"rrsets\":");
            http.Abort();
        });
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", stub.Url.ToString()));

        await Assert.ThrowsAsync<TransientFailureException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));
    }

    [Fact]
    public async Task A_short_wait_that_is_asked_for_is_kept()
    {
        var isFirst = true;
        await using var stub = await HttpStub.StartAsync(http =>
        {
            if (isFirst)
            {
                (isFirst, http.Response.StatusCode) = (false, StatusCodes.Status429TooManyRequests);
                http.Response.Headers.RetryAfter = "1";
                return Task.CompletedTask;
            }

            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync("{\"rrsets\":[]}");
        });
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", stub.Url.ToString()));
        var watch = Stopwatch.StartNew();

        Assert.False(await world.Records.ExistsAsync(world.NewPlace(), CancellationToken.None));

        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(0.95));
        Assert.Equal(2, stub.Requests);
    }

    [Fact]
    public async Task A_long_wait_that_is_asked_for_is_left_to_the_durable_retry()
    {
        await using var stub = await HttpStub.StartAsync(http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.Headers.RetryAfter = "120";
            return Task.CompletedTask;
        });
        await using var world = await DnsWorld.CreateAsync(("Dns:PowerDns:Url", stub.Url.ToString()));

        var limited = await Assert.ThrowsAsync<RateLimitedException>(() => world.Records.CreateAsync(world.NewPlace(), CancellationToken.None));

        Assert.Equal(TimeSpan.FromMinutes(2), limited.RetryAfter);
        Assert.Equal(1, stub.Requests);
    }
}
