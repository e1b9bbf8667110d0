using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.RateLimits;
using Bibind.Activities.Services;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>A resource of the authority as it was read.</summary>
/// <param name="RetryAfter">When it asks to be read again.</param>
internal sealed record AcmeResource(Uri Address, JsonElement Document, TimeSpan? RetryAfter)
{
    public string Status => Document.GetProperty("status").GetString()!;
}

/// <summary>The operations of RFC 8555 and 9773, as the one account that we have at an authority.</summary>
internal sealed class AcmeClient(AcmeTransport transport, AcmeAccounts accounts, TimeProvider time)
{
    /// <summary>The authority's name, for messages.</summary>
    public string Authority => accounts.Authority;

    /// <summary>The account, after it was made if there was none. Its key answers challenges.</summary>
    public Task<AcmeAccount> AccountAsync(CancellationToken cancellationToken) => accounts.GetAsync(cancellationToken);

    /// <summary>True if the account may have another key by now.</summary>
    public Task<bool> IsKeyReplacedAsync(AcmeAccount account, CancellationToken cancellationToken) => accounts.IsReplacedAsync(account.Pem, cancellationToken);

    /// <summary>Places an order.</summary>
    /// <param name="replaces">The certificate that it replaces, by its id of <see cref="RenewalInfo"/>.</param>
    public async Task<AcmeResource> PlaceOrderAsync(IReadOnlyList<string> hosts, string? replaces, CancellationToken cancellationToken)
    {
        var order = new JsonObject
        {
            ["identifiers"] = new JsonArray([.. hosts.Select(h => new JsonObject { ["type"] = "dns", ["value"] = h })]),
        };
        if (replaces is not null)
        {
            order["replaces"] = replaces;
        }

        var directory = await transport.DirectoryAsync(cancellationToken);
        var answer = await PostAsync(directory.NewOrder, order, cancellationToken);
        return Resource(answer.Headers.Location ?? throw transport.Unreadable(answer), answer);
    }

    /// <summary>Reads an order, an authorization or a challenge.</summary>
    public async Task<AcmeResource> ReadAsync(Uri address, CancellationToken cancellationToken) =>
        Resource(address, await PostAsync(address, null, cancellationToken));

    /// <summary>Says that a challenge is ready to be checked.</summary>
    public Task RespondAsync(Uri challenge, CancellationToken cancellationToken) => PostAsync(challenge, new JsonObject(), cancellationToken);

    /// <summary>Hands in the certificate request of an order that is ready.</summary>
    public Task FinalizeAsync(Uri finalize, byte[] request, CancellationToken cancellationToken) =>
        PostAsync(finalize, new JsonObject { ["csr"] = Base64Url.EncodeToString(request) }, cancellationToken);

    /// <summary>The chain in PEM, the certificate first.</summary>
    public async Task<string> DownloadAsync(Uri certificate, CancellationToken cancellationToken)
    {
        var answer = await PostAsync(certificate, null, cancellationToken);
        return answer.Text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal) ? answer.Text : throw transport.Unreadable(answer);
    }

    /// <summary>Revokes a certificate; succeeds when it is revoked already.</summary>
    public async Task RevokeAsync(byte[] certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        var directory = await transport.DirectoryAsync(cancellationToken);
        try
        {
            await PostAsync(
                directory.RevokeCertificate,
                new JsonObject { ["certificate"] = Base64Url.EncodeToString(certificate), ["reason"] = (int)reason }, cancellationToken);
        }
        catch (AcmeProblemException refused) when (refused.Problem.Type == AcmeProblem.AlreadyRevoked)
        {
            // Which is what was wanted.
        }
    }

    /// <summary>True if the authority suggests times for renewals and takes <c>replaces</c> in orders.</summary>
    public async Task<bool> HasRenewalInfoAsync(CancellationToken cancellationToken) =>
        (await transport.DirectoryAsync(cancellationToken)).RenewalInfo is not null;

    /// <summary>When the authority would like a certificate to be renewed; null if it does not say.</summary>
    public async Task<RenewalWindow?> RenewalWindowAsync(string certificateId, CancellationToken cancellationToken)
    {
        if ((await transport.DirectoryAsync(cancellationToken)).RenewalInfo is not { } root)
        {
            return null;
        }

        var answer = await transport.GetAsync(new Uri($"{root.AbsoluteUri.TrimEnd('/')}/{certificateId}"), cancellationToken);
        return answer.IsSuccess
            ? RenewalInfo.Read(transport.ReadJson(answer), RetryAfterBudget.Read(answer.Headers, time)) ?? throw transport.Unreadable(answer)
            : throw transport.Unreadable(answer);
    }

    private AcmeResource Resource(Uri address, ServiceResponse answer)
    {
        var document = transport.ReadJson(answer);
        return document.ValueKind == JsonValueKind.Object && document.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String
            ? new AcmeResource(address, document, RetryAfterBudget.Read(answer.Headers, time))
            : throw transport.Unreadable(answer);
    }

    private async Task<ServiceResponse> PostAsync(Uri address, JsonNode? payload, CancellationToken cancellationToken)
    {
        var account = await accounts.GetAsync(cancellationToken);
        try
        {
            return await transport.PostAsync(account.Key, account.Address, address, payload, cancellationToken);
        }
        catch (AcmeProblemException refused) when (refused.Problem.MayBeOfTheKey)
        {
            // Another process may have changed the key. Or the authority was reset, as those for tests are: the key makes the account anew.
            if (await accounts.FindAgainAsync(account, cancellationToken) is not { } again)
            {
                if (refused.Problem.Type != AcmeProblem.AccountDoesNotExist)
                {
                    throw;
                }

                accounts.Forget();
                again = await accounts.GetAsync(cancellationToken);
            }

            return await transport.PostAsync(again.Key, again.Address, address, payload, cancellationToken);
        }
    }
}
