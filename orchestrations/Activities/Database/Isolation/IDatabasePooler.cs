using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Database.Isolation;

/// <summary>
/// The connection pooler between the application and PostgreSQL. The application logs in there as itself, and the pooler logs in at
/// each database with the role of the tenant that it belongs to.
/// </summary>
public interface IDatabasePooler
{
    /// <summary>True if a pooler stands before this server, so that its tenants have roles of their own.</summary>
    bool Serves(string serverCode);

    /// <summary>Lets the application reach a database, as the tenant's role; succeeds when it can already.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">The name leads elsewhere already, or the pooler refused the entry.</exception>
    /// <exception cref="TransientFailureException">The pooler does not answer now.</exception>
    Task PublishAsync(ServerConnection server, PooledDatabase database, CancellationToken cancellationToken);

    /// <summary>Takes a database away from the application; succeeds when it is not there, and leaves an entry that leads to another role.</summary>
    Task WithdrawAsync(ServerConnection server, string name, string role, CancellationToken cancellationToken);

    /// <summary>The databases that can be reached, by name, with the role of each.</summary>
    Task<IReadOnlyDictionary<string, string>> ListAsync(ServerConnection server, CancellationToken cancellationToken);
}

/// <summary>A database as the pooler enters it.</summary>
/// <param name="Name">Its name, the same on both sides.</param>
/// <param name="Role">The tenant's role.</param>
/// <param name="Password">The role's password.</param>
public sealed record PooledDatabase(string Name, string Role, string Password)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} as {Role}";
}
