using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>
/// What the control plane has to know of an application: how its database is made a tenant's, what a template of it offers, and
/// which files go with it. The provider is chosen by the offer; it works on connections that were opened for it.
/// </summary>
public interface IApplication
{
    /// <summary>One of <see cref="Applications"/>.</summary>
    string Name { get; }

    /// <summary>Gives a clone its own identity, company and administrator, in one transaction.</summary>
    /// <returns>What its template offers; null if an earlier attempt had configured it.</returns>
    /// <exception cref="Bibind.Durable.PermanentFailureException">The template lacks what the order asks for; it says what it has.</exception>
    Task<TemplateContents?> ConfigureAsync(NpgsqlConnection connection, TenantDescriptor place, string administratorHash, CancellationToken cancellationToken);

    /// <summary>Makes a restored copy of another tenant's database one of its own, in one transaction; people and records stay.</summary>
    /// <returns>False if an earlier attempt had done it.</returns>
    Task<bool> AdoptAsync(NpgsqlConnection connection, TenantDescriptor place, string administratorHash, string userHash, CancellationToken cancellationToken);

    /// <summary>Tells the application its public address; a running one learns of it.</summary>
    /// <returns>True if it was another before.</returns>
    Task<bool> SetAddressAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>What in a tenant's database is not as it should be, in words.</summary>
    Task<IReadOnlyList<string>> FindFaultsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>
    /// Prepares a database that was brought back, before it takes its name: nothing that waited then goes out now, and a running
    /// application does not go on with what it remembers of the one that is replaced.
    /// </summary>
    /// <param name="connection">The restored database.</param>
    /// <param name="hasFiles">False if its files did not come with it.</param>
    /// <param name="keepsQueue">True if what waited then did not go out since, and is to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task PrepareRestoredAsync(NpgsqlConnection connection, bool hasFiles, bool keepsQueue, CancellationToken cancellationToken);

    /// <summary>Takes from a copy of a tenant whatever could go out or run by itself, in one transaction; it stays the tenant's in everything else.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">Something in the database keeps it from being taken.</exception>
    Task NeutraliseAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a restored copy of another tenant's database that tenant's staging copy, in one transaction: its own as by
    /// <see cref="AdoptAsync"/>, neutralised, and masked. What stands in the database of the other's own code is not run. Again it
    /// answers what it did before.
    /// </summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">Something in the database keeps it from being done, or a rule cannot be applied.</exception>
    Task<StagingReport> StageAsync(NpgsqlConnection connection, StagingInput input, CancellationToken cancellationToken);

    /// <summary>True if a job of this tenant configured the database.</summary>
    Task<bool> IsTenantsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken);

    /// <summary>What could go out of a neutralised copy or run in it by itself, in words; nothing unless something has come since.</summary>
    Task<IReadOnlyList<string>> FindLoudAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>
    /// Takes everything by which somebody could sign in from the account of an operator, in one transaction, and looks whether it is so. Nobody else's
    /// account is touched, whatever the tenant's people have done with ours.
    /// </summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">Something in the database brings it back.</exception>
    Task<SupportLockout> LockOutSupportAsync(NpgsqlConnection connection, SupportAccount account, CancellationToken cancellationToken);

    /// <summary>Makes running processes of the application load the database anew.</summary>
    Task ForgetLoadedAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>Which modules are not ready for use, each with its state: of those named, and all that wait for an installation, upgrade or removal.</summary>
    Task<IReadOnlyList<string>> FindUnreadyModulesAsync(NpgsqlConnection connection, IReadOnlyList<string> modules, CancellationToken cancellationToken);

    /// <summary>Takes out of a template that was just made what no tenant may inherit.</summary>
    Task CleanTemplateAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>
    /// What no tenant may inherit and is in a template, in words: queued mail, credentials of other services, addresses that are called or
    /// mailed from. Empty if it is clean, or holds no such application.
    /// </summary>
    Task<IReadOnlyList<string>> FindUncleanAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>What a template lacks that a tenant's configuration will need, in words.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">The database holds no such application.</exception>
    Task<IReadOnlyList<string>> FindMissingPartsAsync(NpgsqlConnection connection, CreateTemplateOrder order, CancellationToken cancellationToken);

    /// <summary>What a template offers; null if the database holds no such application.</summary>
    Task<TemplateContents?> FindContentsAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>The files that the database names in its file store; none if it holds no such application.</summary>
    Task<IReadOnlyList<NamedFile>> ListFilesAsync(NpgsqlConnection connection, CancellationToken cancellationToken);
}
