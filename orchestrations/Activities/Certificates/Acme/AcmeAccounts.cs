using System.Text.Json.Nodes;
using Bibind.Activities.Locks;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>The account that we have at an authority, with the key that opens it.</summary>
internal sealed class AcmeAccount(AcmeKey key, string pem, string address)
{
    public AcmeKey Key { get; } = key;

    /// <summary>The key as it is stored. A secret.</summary>
    public string Pem { get; } = pem;

    public string Address { get; } = address;
}

/// <summary>
/// The one account that all hosts have at an authority, and another key for it (RFC 8555, 7.3.5). A new key is stored beside the one that
/// counts before the authority hears of it. Whoever finds one stored so asks the authority which of the two opens the account.
/// </summary>
internal sealed class AcmeAccounts(
    AcmeTransport transport, ISecretStore secrets, NamedLocks locks, IOptions<CertificateOptions> options, ILogger<AcmeAccounts> logger)
    : ICertificateAccount, IDisposable
{
    private readonly AcmeSettings _settings = options.Value.Acme;
    private readonly SemaphoreSlim _registering = new(1, 1);
    private AcmeAccount? _account;

    /// <inheritdoc/>
    public string Authority => new Uri(_settings.Directory).Host;

    private string KeyName => CertificateNames.AccountKey(new Uri(_settings.Directory));

    private string NextKeyName => CertificateNames.NextAccountKey(new Uri(_settings.Directory));

    /// <summary>The account, after it was made if there was none.</summary>
    public async Task<AcmeAccount> GetAsync(CancellationToken cancellationToken)
    {
        if (_account is { } known)
        {
            return known;
        }

        await _registering.WaitAsync(cancellationToken);
        try
        {
            return _account ??= await UnderLockAsync(() => RegisterAsync(cancellationToken), cancellationToken);
        }
        finally
        {
            _registering.Release();
        }
    }

    /// <summary>The account after the authority refused what <paramref name="refused"/> signed; null if it has the same key as before.</summary>
    public async Task<AcmeAccount?> FindAgainAsync(AcmeAccount refused, CancellationToken cancellationToken)
    {
        if (!await IsReplacedAsync(refused.Pem, cancellationToken))
        {
            return null;
        }

        _account = null;
        var account = await GetAsync(cancellationToken);
        return account.Pem == refused.Pem ? null : account;
    }

    /// <summary>Forgets what is known of the account: the authority does not know it any more.</summary>
    public void Forget() => _account = null;

    /// <summary>True if another key counts than this one, or may count.</summary>
    public async Task<bool> IsReplacedAsync(string pem, CancellationToken cancellationToken) =>
        await secrets.FindAsync(NextKeyName, cancellationToken) is not null || await secrets.FindAsync(KeyName, cancellationToken) != pem;

    /// <inheritdoc/>
    public Task<AccountKeyChange> ChangeKeyAsync(CancellationToken cancellationToken) =>
        UnderLockAsync(() => ChangeKeyUnderLockAsync(cancellationToken), cancellationToken);

    public void Dispose()
    {
        _account?.Key.Dispose();
        _registering.Dispose();
    }

    private async Task<AccountKeyChange> ChangeKeyUnderLockAsync(CancellationToken cancellationToken)
    {
        if (await SettleAsync(cancellationToken) is not null)
        {
            return AccountKeyChange.Finished;
        }

        if (await secrets.FindAsync(KeyName, cancellationToken) is not { } former || await FindAsync(former, cancellationToken) is not { } account)
        {
            return AccountKeyChange.NoAccount;
        }

        var directory = await transport.DirectoryAsync(cancellationToken);
        var address = directory.KeyChange ?? throw new PermanentFailureException($"The certificate authority {Authority} does not change keys of accounts.");
        var next = new AcmeKey(await secrets.GetOrSetAsync(NextKeyName, AcmeKey.NewPem, cancellationToken));
        try
        {
            await transport.PostAsync(account.Key, account.Address, address, next.TakeOver(account.Key, account.Address, address), cancellationToken);
        }
        catch (Exception unclear) when (unclear is AcmeProblemException or TransientFailureException)
        {
            // It may have been changed all the same: the answer was lost, and the message then sent once more.
            if (await SettleAsync(cancellationToken) is not null)
            {
                return AccountKeyChange.Changed;
            }

            if (unclear is AcmeProblemException refused)
            {
                await secrets.DeleteAsync(NextKeyName, cancellationToken);
                throw refused.Problem.Failure(Authority, "to change the key of our account");
            }

            throw;
        }

        await StoreAsync(account.Address, cancellationToken);
        return AccountKeyChange.Changed;
    }

    // With a key that has an account already, the authority answers that account: only the key has to be kept.
    private async Task<AcmeAccount> RegisterAsync(CancellationToken cancellationToken)
    {
        if (await SettleAsync(cancellationToken) is { } settled)
        {
            return settled;
        }

        var directory = await transport.DirectoryAsync(cancellationToken);
        var pem = await secrets.GetOrSetAsync(KeyName, AcmeKey.NewPem, cancellationToken);
        var key = new AcmeKey(pem);
        var account = new JsonObject { ["termsOfServiceAgreed"] = true };
        if (_settings.Contact.Length > 0)
        {
            account["contact"] = new JsonArray($"mailto:{_settings.Contact}");
        }

        if (_settings.EabKeyId.Length > 0)
        {
            account["externalAccountBinding"] = key.BindTo(_settings.EabKeyId, _settings.EabKey, directory.NewAccount);
        }

        try
        {
            var answer = await transport.PostAsync(key, null, directory.NewAccount, account, cancellationToken);
            return new AcmeAccount(key, pem, (answer.Headers.Location ?? throw transport.Unreadable(answer)).AbsoluteUri);
        }
        catch (AcmeProblemException refused)
        {
            throw refused.Problem.Failure(Authority, "us an account");
        }
    }

    /// <summary>Ends a change that somebody began: the account, if the new key opens it; null if none was begun or the authority did not hear of it.</summary>
    private async Task<AcmeAccount?> SettleAsync(CancellationToken cancellationToken)
    {
        if (await secrets.FindAsync(NextKeyName, cancellationToken) is not { } next || await FindAsync(next, cancellationToken) is not { } account)
        {
            return null;
        }

        await StoreAsync(account.Address, cancellationToken);
        return account;
    }

    // In this order: in between the two are the same, and either opens the account.
    private async Task StoreAsync(string address, CancellationToken cancellationToken)
    {
        var next = await secrets.FindAsync(NextKeyName, cancellationToken)
            ?? throw new InvalidOperationException("The new key of the account is not stored any more.");
        await secrets.SetAsync(KeyName, next, cancellationToken);
        await secrets.DeleteAsync(NextKeyName, cancellationToken);
        _account = null;
        logger.AccountKeyChanged(Authority, address);
    }

    /// <summary>The account that a key opens; null if it opens none.</summary>
    private async Task<AcmeAccount?> FindAsync(string pem, CancellationToken cancellationToken)
    {
        var directory = await transport.DirectoryAsync(cancellationToken);
        var key = new AcmeKey(pem);
        try
        {
            var answer = await transport.PostAsync(key, null, directory.NewAccount, new JsonObject { ["onlyReturnExisting"] = true }, cancellationToken);
            return new AcmeAccount(key, pem, (answer.Headers.Location ?? throw transport.Unreadable(answer)).AbsoluteUri);
        }
        catch (AcmeProblemException none) when (none.Problem.Type == AcmeProblem.AccountDoesNotExist)
        {
            return null;
        }
        catch (AcmeProblemException refused)
        {
            throw refused.Problem.Failure(Authority, "to find our account");
        }
    }

    private Task<T> UnderLockAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken) =>
        locks.RunAsync(NamedLocks.AcmeAccounts, KeyName, work, cancellationToken);
}
