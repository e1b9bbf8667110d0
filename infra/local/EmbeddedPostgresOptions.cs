namespace Bibind.Local;

/// <summary>What a private PostgreSQL cluster is like.</summary>
public sealed record EmbeddedPostgresOptions
{
    /// <summary>Where the cluster, its passwords and its log are kept; created when missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Where set-up put downloaded tools; searched last for PostgreSQL's programs; the environment's <c>BIBIND_TOOLS</c> unless given.</summary>
    public string? ToolsFolder { get; init; }

    /// <summary>The folder of PostgreSQL's programs; the environment's <c>BIBIND_POSTGRES_BIN</c>, or searched for, unless given.</summary>
    public string? BinariesFolder { get; init; }

    /// <summary>The TCP port; unless given, the one of the last start, or a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Off only where the data may be lost, as in tests.</summary>
    public bool Fsync { get; init; } = true;

    public int MaxConnections { get; init; } = 200;

    /// <summary>Further settings of the server, such as <c>max_prepared_transactions</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Stops without a checkpoint and deletes <see cref="DataFolder"/>, also when this process is killed.</summary>
    public bool DeleteOnStop { get; init; }

    /// <summary>How long clients by <see cref="EmbeddedPostgres.ConnectionString"/> wait for one statement.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a start may take, recovery after a crash included.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a clean stop may take before the server is killed.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The local PostgreSQL could not be set up or started; the message says what to do.</summary>
public sealed class LocalServerException : Exception
{
    public LocalServerException(string message)
        : base(message)
    {
    }

    public LocalServerException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
