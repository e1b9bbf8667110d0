using System.Net;
using System.Text.Json;
using Bibind.Activities.Callers;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Callers;

public sealed class NotifyCallerTests
{
    [Fact]
    public async Task The_caller_gets_the_end_of_its_job()
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        await using var world = await TrustingWorldAsync();

        var outcome = await NotifyAsync(world, caller.Url);

        Assert.Equal(new StepOutcome(true), outcome);
        using var body = JsonDocument.Parse(Assert.Single(caller.Bodies));
        Assert.Equal(
            "provision-acme-17|acme|failed||No room.",
            string.Join('|', new[] { "job", "tenant", "state", "baseUrl", "reason" }.Select(p => body.RootElement.GetProperty(p).ToString())));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/")]
    public async Task A_loopback_target_is_refused_unless_allowed(string pattern)
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        await using var world = await World.CreateAsync();

        var outcome = await NotifyAsync(world, new Uri(pattern.Replace("{0}", $"{caller.Url.Port}", StringComparison.Ordinal)));

        Assert.False(outcome.Done);
        Assert.Contains("it leads to a private, loopback or link-local address (Callbacks__AllowPrivateTargets)", outcome.Note, StringComparison.Ordinal);
        Assert.Empty(caller.Bodies);
    }

    [Theory]
    [InlineData("http://0.0.0.0:9/", true)]
    [InlineData("http://0.0.0.0:9/", false)]
    [InlineData("http://[::]:9/", true)]
    [InlineData("http://[::]:9/", false)]
    [InlineData("http://[::ffff:0.0.0.0]:9/", true)]
    [InlineData("http://[64:ff9b::]:9/", true)]
    [InlineData("http://255.255.255.255:9/", true)]
    [InlineData("http://224.0.0.1:9/", true)]
    [InlineData("http://2130706433:9/", false)]
    [InlineData("http://0x7f000001:9/", false)]
    [InlineData("http://127.1:9/", false)]
    [InlineData("http://localhost.:9/", false)]
    public async Task A_target_that_is_refused_is_not_tried_again(string url, bool allowPrivate)
    {
        await using var world = await World.CreateAsync(("Callbacks:AllowPrivateTargets", $"{allowPrivate}"));

        var outcome = await NotifyAsync(world, new Uri(url));

        Assert.False(outcome.Done);
        Assert.Contains("was not told: it leads to", outcome.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_caller_that_fails_is_told_again(int status)
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        caller.Answer = http => Answer(http, status);
        await using var world = await TrustingWorldAsync();

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => NotifyAsync(world, caller.Url));

        Assert.EndsWith($"answered {status}.", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_refuses_is_not_told_again()
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        caller.Answer = http => Answer(http, 404);
        await using var world = await TrustingWorldAsync();

        var outcome = await NotifyAsync(world, caller.Url);

        Assert.Equal(new StepOutcome(false, $"The caller at {caller.Url.Authority} answered 404."), outcome);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        caller.Answer = http =>
        {
            http.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        };
        await using var world = await TrustingWorldAsync();

        var outcome = await NotifyAsync(world, caller.Url);

        Assert.Contains("answered 302; redirects are not followed", outcome.Note, StringComparison.Ordinal);
        Assert.Single(caller.Bodies);
    }

    [Fact]
    public async Task A_caller_that_does_not_answer_in_time_is_told_again()
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        var silence = new TaskCompletionSource();
        caller.Answer = _ => silence.Task;
        await using var world = await TrustingWorldAsync(("Callbacks:Timeout", "00:00:00.2"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => NotifyAsync(world, caller.Url));

        Assert.Contains("did not answer in time", failed.Message, StringComparison.Ordinal);
        silence.SetResult();
    }

    [Fact]
    public async Task A_caller_that_is_away_is_told_again()
    {
        await using var world = await TrustingWorldAsync();

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => NotifyAsync(world, new Uri($"http://127.0.0.1:{FreePorts.Next()}/")));

        Assert.Contains("cannot be reached", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_scheme_is_refused()
    {
        await using var world = await TrustingWorldAsync();

        var outcome = await NotifyAsync(world, new Uri("ftp://example.com/"));

        Assert.Contains("its scheme is 'ftp', not https or http", outcome.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_secret_of_the_address_is_logged_or_answered()
    {
        await using var caller = await CallbackReceiverStub.StartAsync();
        caller.Answer = http => Answer(http, 404);
        await using var world = await TrustingWorldAsync();

        var outcome = await NotifyAsync(world, new Uri($"http://user:secret-1@127.0.0.1:{caller.Url.Port}/web/hook/secret-2?token=secret-3"));

        Assert.DoesNotContain("secret", outcome.Note, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("2002:808:808::1", true)]
    [InlineData("2001:0:a00:1::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("::ffff:0:7f00:1", false)]
    [InlineData("::7f00:1", false)]
    [InlineData("2606:4700::5efe:10.0.0.1", false)]
    [InlineData("2606:4700::200:5efe:127.0.0.1", false)]
    [InlineData("3fff::1", false)]
    [InlineData("5f00::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("192.0.0.8", false)]
    [InlineData("198.19.255.255", false)]
    [InlineData("100.127.255.255", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("127.255.255.254", false)]
    public void Only_addresses_of_the_public_internet_are_public(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddress.Is(IPAddress.Parse(address)));

    private static Task Answer(Microsoft.AspNetCore.Http.HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task<World> TrustingWorldAsync(params (string, string?)[] settings) =>
        World.CreateAsync([("Callbacks:AllowPrivateTargets", "true"), .. settings]);

    private static Task<StepOutcome> NotifyAsync(World world, Uri target) =>
        world.RunAsync<NotifyCaller, CallerNotice, StepOutcome>(new CallerNotice
        {
            CallbackUrl = target.OriginalString,
            JobId = "provision-acme-17",
            Code = "acme",
            State = "failed",
            Reason = "No room.",
        });
}
