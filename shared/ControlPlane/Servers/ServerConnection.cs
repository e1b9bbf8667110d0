namespace Bibind.ControlPlane.Servers;

/// <summary>How activities reach a server: its application's address and its PostgreSQL cluster, password resolved.</summary>
public sealed record ServerConnection
{
    public required long ServerId { get; init; }
    public required string Code { get; init; }

    /// <summary>Address of the application, such as <c>http://10.0.0.5:8069</c>.</summary>
    public required Uri Url { get; init; }
    public required string DatabaseHost { get; init; }
    public required int DatabasePort { get; init; }

    /// <summary>
    /// The maintenance role: it makes, renames and drops databases from outside, acts for <see cref="ApplicationRole"/>, and enters
    /// no database but <c>postgres</c>.
    /// </summary>
    public required string DatabaseUser { get; init; }

    /// <summary>Never logged; <see cref="object.ToString"/> of this record leaves it out.</summary>
    public required string DatabasePassword { get; init; }

    /// <summary>The role that the application connects as and that owns live databases.</summary>
    public required string ApplicationRole { get; init; }

    /// <summary>The password of <see cref="ApplicationRole"/>; never logged. Null for a server registered before we needed it.</summary>
    public string? ApplicationPassword { get; init; }

    /// <summary>The application's master password, where one is set.</summary>
    public string? MasterPassword { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Code} ({DatabaseUser}@{DatabaseHost}:{DatabasePort})";
}

/// <summary>Finds servers for activities.</summary>
public interface IServerDirectory
{
    /// <summary>The server's connection, read afresh: a password changed a moment ago is the one used.</summary>
    /// <exception cref="Bibind.Durable.PermanentFailureException">There is no such server, or its password secret is missing.</exception>
    Task<ServerConnection> GetConnectionAsync(long serverId, CancellationToken cancellationToken);
}
