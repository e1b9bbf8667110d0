using Azure.Core;
using Azure.Identity;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;

namespace Bibind.Durable.Scheduler;

/// <summary>Connections to a host of Durable Task's gRPC protocol, with what Durable Task Scheduler wants to be told with each call.</summary>
internal static class SchedulerChannel
{
    private const string Scope = "https://durabletask.io/.default";

    private static readonly string UserAgent =
        $"Bibind.Durable.Scheduler/{typeof(SchedulerChannel).Assembly.GetName().Version?.ToString(3)} durabletask-dotnet/{typeof(Microsoft.DurableTask.Client.DurableTaskClient).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>A channel for a client, or for a worker, which says who it is.</summary>
    /// <param name="options">Where and as whom.</param>
    /// <param name="forWorker">True for a worker.</param>
    /// <param name="time">The clock by which tokens are renewed.</param>
    /// <param name="credential">Instead of the configured one; for tests.</param>
    public static GrpcChannel Create(SchedulerOptions options, bool forWorker, TimeProvider time, TokenCredential? credential = null)
    {
        credential ??= CredentialOf(options);
        var tokens = credential is null ? null : new AccessTokens(credential, new TokenRequestContext([Scope]), time);
        var isSecure = options.Endpoint.Scheme == Uri.UriSchemeHttps;
        var call = CallCredentials.FromInterceptor(async (context, metadata) =>
        {
            metadata.Add("taskhub", options.TaskHub);
            metadata.Add("x-user-agent", UserAgent);
            if (forWorker)
            {
                metadata.Add("workerid", options.WorkerId);
            }

            if (tokens is not null)
            {
                metadata.Add("Authorization", $"Bearer {await tokens.GetAsync(context.CancellationToken)}");
            }
        });
        return GrpcChannel.ForAddress(options.Endpoint, new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(isSecure ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure, call),
            UnsafeUseInsecureChannelCallCredentials = !isSecure,
            MaxReceiveMessageSize = null,
            DisposeHttpClient = true,
            HttpHandler = new SocketsHttpHandler
            {
                // A connection that broke unnoticed would keep the stream of work waiting for ever.
                KeepAlivePingDelay = TimeSpan.FromSeconds(30),
                KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
                PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
                EnableMultipleHttp2Connections = true,
            },
            ServiceConfig = new ServiceConfig
            {
                MethodConfigs =
                {
                    new MethodConfig
                    {
                        Names = { MethodName.Default },
                        RetryPolicy = new RetryPolicy
                        {
                            MaxAttempts = 5,
                            InitialBackoff = TimeSpan.FromMilliseconds(50),
                            MaxBackoff = TimeSpan.FromSeconds(1),
                            BackoffMultiplier = 2,
                            RetryableStatusCodes = { StatusCode.Unavailable },
                        },
                    },
                },
            },
        });
    }

    private static TokenCredential? CredentialOf(SchedulerOptions options) => options.Credential switch
    {
        SchedulerCredential.None => null,
        SchedulerCredential.DefaultAzure => new DefaultAzureCredential(),
        SchedulerCredential.ManagedIdentity => new ManagedIdentityCredential(
            options.ClientId is { } id ? ManagedIdentityId.FromUserAssignedClientId(id) : ManagedIdentityId.SystemAssigned),
        SchedulerCredential.WorkloadIdentity => new WorkloadIdentityCredential(new WorkloadIdentityCredentialOptions { ClientId = options.ClientId ?? Environment.GetEnvironmentVariable("AZURE_CLIENT_ID") }),
        SchedulerCredential.Environment => new EnvironmentCredential(),
        SchedulerCredential.AzureCli => new AzureCliCredential(),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Credential, "No such credential."),
    };

    /// <summary>A token that is asked for again before it runs out; credentials themselves answer callers who ask at the same time with one.</summary>
    private sealed class AccessTokens(TokenCredential credential, TokenRequestContext request, TimeProvider time)
    {
        private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
        private volatile Known? _known;

        public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
        {
            if (_known is { } known && known.ExpiresOn - Margin > time.GetUtcNow())
            {
                return known.Token;
            }

            var token = await credential.GetTokenAsync(request, cancellationToken);
            _known = new Known(token.Token, token.ExpiresOn);
            return token.Token;
        }

        private sealed record Known(string Token, DateTimeOffset ExpiresOn);
    }
}
