using Azure.Core;
using Bibind.Durable.Scheduler;
using Bibind.Local;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Bibind.Durable.Tests.Scheduler;

/// <summary>What each call tells Durable Task Scheduler, seen where it arrives.</summary>
public sealed class SchedulerChannelTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_call_names_the_hub_the_caller_and_a_token_that_is_asked_for_once(bool forWorker)
    {
        var seen = new List<IHeaderDictionary>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(FreePorts.Next(), endpoint => endpoint.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        app.Run(context =>
        {
            seen.Add(context.Request.Headers);
            context.Response.ContentType = "application/grpc";
            context.Response.AppendTrailer("grpc-status", "5");
            return Task.CompletedTask;
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var credential = new CountedCredential();
        var options = new SchedulerOptions { Endpoint = new Uri(app.Urls.Single()), TaskHub = "tenants", WorkerId = "me" };
        using var channel = SchedulerChannel.Create(options, forWorker, TimeProvider.System, credential);
        var client = new Microsoft.DurableTask.Protobuf.TaskHubSidecarService.TaskHubSidecarServiceClient(channel);

        for (var call = 0; call < 2; call++)
        {
            await Assert.ThrowsAsync<RpcException>(async () => await client.HelloAsync(
                new Google.Protobuf.WellKnownTypes.Empty(), cancellationToken: TestContext.Current.CancellationToken));
        }

        Assert.Equal(2, seen.Count);
        Assert.All(seen, headers =>
        {
            Assert.Equal("tenants", headers["taskhub"]);
            Assert.StartsWith("Bibind.Durable.Scheduler/", headers["x-user-agent"], StringComparison.Ordinal);
            Assert.Equal("Bearer secret", headers.Authorization);
            Assert.Equal(forWorker ? "me" : null, (string?)headers["workerid"]);
        });
        Assert.Equal(["https://durabletask.io/.default"], credential.Asked);
    }

    private sealed class CountedCredential : TokenCredential
    {
        public List<string> Asked { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Asked.AddRange(requestContext.Scopes);
            return ValueTask.FromResult(new AccessToken("secret", DateTimeOffset.UtcNow.AddHours(1)));
        }
    }
}
