using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Storage.S3;

/// <summary>The connection to the S3 server.</summary>
public sealed class S3Server : IDisposable
{
    private const int Retries = 2;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private readonly S3HttpClients _clients = new(ConnectLimit);
    private readonly S3Client? _links;
    private HttpClient? _http;

    /// <summary>A connection by the settings; nothing is sent yet.</summary>
    public S3Server(IOptions<S3Options> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options.Value;
        Client = Connect(Options.Endpoint);
        _links = Options.PublicEndpoint is null ? null : Connect(Options.PublicEndpoint);
    }

    internal S3Options Options { get; }

    internal AmazonS3Client Client { get; }

    /// <summary>Signs addresses as people reach the server.</summary>
    internal AmazonS3Client Links => _links ?? Client;

    /// <summary>For the few requests that the client cannot make.</summary>
    internal HttpClient Http => LazyInitializer.EnsureInitialized(ref _http, () => _clients.CreateHttpClient(Client.Config));

    internal Uri? LinksEndpoint => Options.PublicEndpoint ?? Options.Endpoint;

    /// <summary>TLS protects what it carries; a content need not be hashed for its signature then.</summary>
    internal bool IsEncrypted => Options.Endpoint is null || Options.Endpoint.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc/>
    public void Dispose()
    {
        Client.Dispose();
        _http?.Dispose();
        _links?.Dispose();
    }

    private S3Client Connect(Uri? endpoint)
    {
        var configuration = new AmazonS3Config
        {
            ForcePathStyle = Options.ForcePathStyle,
            // Checksums that only AWS knows are for requests that demand them.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            Timeout = AnswerLimit,
            HttpClientFactory = _clients,
        };
        if (endpoint is null)
        {
            configuration.RegionEndpoint = RegionEndpoint.GetBySystemName(Options.Region);
        }
        else
        {
            configuration.ServiceURL = endpoint.GetLeftPart(UriPartial.Authority);
            configuration.AuthenticationRegion = Options.Region;
        }

        return Options.AccessKey is { Length: > 0 } key
            ? new S3Client(new BasicAWSCredentials(key, Options.SecretKey), configuration)
            : new S3Client(configuration);
    }
}
