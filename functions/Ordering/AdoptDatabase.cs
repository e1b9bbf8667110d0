namespace Bibind.Functions.Ordering;

/// <summary>Which database is to be the tenant's own, and why.</summary>
public sealed record AdoptDatabase
{
    /// <summary>The name of the tenant's database, to confirm which one is meant.</summary>
    public required string Database { get; init; }

    /// <summary>Why; recorded with the job. 500 characters at most.</summary>
    public required string Reason { get; init; }
}
