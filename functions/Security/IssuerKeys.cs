using Bibind.Functions.Problems;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Bibind.Functions.Security;

/// <summary>
/// The issuer's signing keys: fetched when they are first needed, every hour, and for a key id that is not known – for that at
/// most once in <see cref="SignInOptions.KeyRefreshInterval"/>, so that made-up ids cost the issuer nothing.
/// </summary>
/// <remarks>
/// The framework's own manager refreshes in the background, so that the first token of a new key is refused. Keys that were
/// fetched stay in use while the issuer is away.
/// </remarks>
internal sealed class IssuerKeys(SignInOptions options, HttpClient http, TimeProvider time, ILogger<IssuerKeys> logger)
    : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RenewalRetryDelay = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _fetching = new(1, 1);
    private volatile Keys? _keys;
    private DateTimeOffset _nextFetch;
    private bool _isAway;

    /// <summary>Where an issuer publishes its metadata (OpenID Connect Discovery).</summary>
    public static string AddressOf(string issuer) => $"{issuer.TrimEnd('/')}/.well-known/openid-configuration";

    /// <inheritdoc/>
    /// <exception cref="ProblemException">503: the issuer does not answer, and no keys are known.</exception>
    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel) => GetAsync(keyId: null, cancel);

    /// <summary>The keys, with the one of this id if the issuer has it.</summary>
    /// <exception cref="ProblemException">503: the issuer does not answer, and the key is not known.</exception>
    public async Task<OpenIdConnectConfiguration> GetAsync(string? keyId, CancellationToken cancellationToken)
    {
        if (_keys is { } keys && keys.Has(keyId))
        {
            // Whoever comes first renews old keys; nobody else waits for it.
            if (time.GetUtcNow() >= keys.RenewAt && await _fetching.WaitAsync(0, CancellationToken.None))
            {
                await RenewAsync();
            }

            return _keys!.Configuration;
        }

        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (_keys is { } fetched && fetched.Has(keyId))
            {
                return fetched.Configuration;
            }

            if (time.GetUtcNow() >= _nextFetch)
            {
                return (await FetchAsync()).Configuration;
            }

            // The issuer was asked just now: an id that it did not know then is refused with the token.
            return _isAway || _keys is null ? throw new ProblemException(ProblemFactory.IssuerUnavailable) : _keys.Configuration;
        }
        finally
        {
            _fetching.Release();
        }
    }

    /// <summary>Nothing: whoever needs a key asks for it by <see cref="GetAsync"/>.</summary>
    public void RequestRefresh()
    {
    }

    public void Dispose() => _fetching.Dispose();

    private async Task RenewAsync()
    {
        try
        {
            if (time.GetUtcNow() >= _keys!.RenewAt)
            {
                await FetchAsync();
            }
        }
        catch (ProblemException)
        {
            // Logged; what is known stays in use.
            _keys = _keys! with { RenewAt = time.GetUtcNow() + RenewalRetryDelay };
        }
        finally
        {
            _fetching.Release();
        }
    }

    private async Task<Keys> FetchAsync()
    {
        try
        {
            var retriever = new HttpDocumentRetriever(http) { RequireHttps = options.Issuer!.Scheme == Uri.UriSchemeHttps };
            var found = await OpenIdConnectConfigurationRetriever.GetAsync(AddressOf(options.IssuerName!), retriever, CancellationToken.None);
            if (found.Issuer != options.IssuerName)
            {
                throw new InvalidOperationException("The document names another issuer than Auth__Issuer.");
            }

            var now = time.GetUtcNow();
            (_isAway, _nextFetch) = (false, now + options.KeyRefreshInterval);
            _keys = new Keys(found, now + Lifetime);
            Logs.IssuerKeysFetched(logger, found.SigningKeys.Count);
            return _keys;
        }
        catch (Exception failure)
        {
            // Whatever is wrong with the issuer's documents, the caller's token may be right.
            (_isAway, _nextFetch) = (true, time.GetUtcNow() + RetryDelay);
            Logs.IssuerAway(logger, "keys", failure);
            throw new ProblemException(ProblemFactory.IssuerUnavailable);
        }
    }

    private sealed record Keys(OpenIdConnectConfiguration Configuration, DateTimeOffset RenewAt)
    {
        private readonly HashSet<string> _ids = [.. Configuration.SigningKeys.Select(k => k.KeyId).OfType<string>()];

        public bool Has(string? keyId) => keyId is null || _ids.Contains(keyId);
    }
}
