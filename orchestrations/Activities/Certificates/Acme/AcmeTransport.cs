using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Services;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>Where an authority does what.</summary>
/// <param name="KeyChange">Null if an account keeps its key.</param>
/// <param name="RenewalInfo">Null if it suggests no times for renewals.</param>
internal sealed record AcmeDirectory(Uri NewNonce, Uri NewAccount, Uri NewOrder, Uri RevokeCertificate, Uri? KeyChange, Uri? RenewalInfo);

/// <summary>Speaks with an authority: directory, nonces and signed messages. A nonce that it rejects is replaced at once.</summary>
internal sealed class AcmeTransport(IHttpClientFactory clients, IOptions<CertificateOptions> options, TimeProvider time)
{
    private const int NonceAttempts = 10;
    private static readonly TimeSpan DirectoryLife = TimeSpan.FromHours(1);

    private readonly ServiceClient _service = new(
        clients.CreateClient(CertificateOptions.HttpClientName), $"The certificate authority {new Uri(options.Value.Acme.Directory).Host}",
        options.Value.Acme.CallLimit, options.Value.Acme.Patience, time, DetailOf);
    private readonly ConcurrentQueue<string> _nonces = new();
    private (AcmeDirectory Directory, DateTimeOffset ReadAt)? _directory;

    /// <summary>The authority's directory.</summary>
    public async Task<AcmeDirectory> DirectoryAsync(CancellationToken cancellationToken)
    {
        if (_directory is { } known && time.GetUtcNow() - known.ReadAt < DirectoryLife)
        {
            return known.Directory;
        }

        var answer = await GetAsync(new Uri(options.Value.Acme.Directory), cancellationToken);
        var document = _service.ReadJson(answer);
        if (!answer.IsSuccess || document.ValueKind != JsonValueKind.Object)
        {
            throw _service.Unreadable(answer);
        }

        var directory = new AcmeDirectory(
            Required("newNonce"), Required("newAccount"), Required("newOrder"), Required("revokeCert"), Optional("keyChange"), Optional("renewalInfo"));
        _directory = (directory, time.GetUtcNow());
        return directory;

        Uri Required(string name) => Optional(name) ?? throw _service.Unreadable(answer);

        Uri? Optional(string name) =>
            document.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && Uri.TryCreate(value.GetString(), UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
                ? address
                : null;
    }

    /// <summary>Reads what needs no signature.</summary>
    public Task<ServiceResponse> GetAsync(Uri address, CancellationToken cancellationToken) =>
        _service.SendAsync(() => Task.FromResult(new HttpRequestMessage(HttpMethod.Get, address)), cancellationToken);

    /// <summary>Sends a signed message.</summary>
    /// <param name="account">The account's address, or null to send the public key instead.</param>
    /// <param name="payload">Null to read what is there.</param>
    /// <exception cref="AcmeProblemException">The authority refuses it.</exception>
    public async Task<ServiceResponse> PostAsync(AcmeKey key, string? account, Uri address, JsonNode? payload, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await _service.SendAsync(() => MakeAsync(key, account, address, payload, cancellationToken), cancellationToken);
            Keep(answer);
            if (answer.IsSuccess)
            {
                return answer;
            }

            var problem = ProblemOf(answer);
            if (problem?.Type != AcmeProblem.BadNonce || attempt >= NonceAttempts)
            {
                throw problem is null ? _service.Unreadable(answer) : new AcmeProblemException(problem);
            }
        }
    }

    public JsonElement ReadJson(ServiceResponse answer) => _service.ReadJson(answer);

    public TransientFailureException Unreadable(ServiceResponse answer) => _service.Unreadable(answer);

    private async Task<HttpRequestMessage> MakeAsync(AcmeKey key, string? account, Uri address, JsonNode? payload, CancellationToken cancellationToken)
    {
        var nonce = _nonces.TryDequeue(out var kept) ? kept : await NewNonceAsync(cancellationToken);
        var content = new StringContent(key.Sign(address, nonce, account, payload), Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/jose+json");
        return new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
    }

    private async Task<string> NewNonceAsync(CancellationToken cancellationToken)
    {
        var directory = await DirectoryAsync(cancellationToken);
        var answer = await _service.SendAsync(() => Task.FromResult(new HttpRequestMessage(HttpMethod.Head, directory.NewNonce)), cancellationToken);
        return answer.Headers.TryGetValues("Replay-Nonce", out var values) ? values.First() : throw _service.Unreadable(answer);
    }

    private void Keep(ServiceResponse answer)
    {
        if (answer.Headers.TryGetValues("Replay-Nonce", out var values))
        {
            _nonces.Enqueue(values.First());
        }
    }

    private static string? DetailOf(ServiceResponse answer) => ProblemOf(answer)?.Detail;

    private static AcmeProblem? ProblemOf(ServiceResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return AcmeProblem.TryRead(document.RootElement, (int)answer.Status);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
