namespace Bibind.Durable.Postgres;

/// <summary>Settings of the PostgreSQL task hub.</summary>
public sealed class PostgresTaskHubOptions
{
    /// <summary>How many due messages are looked through for each instance that may be leased.</summary>
    public int MessagesScannedPerLease { get; set; } = 16;
}
