using System.Globalization;

namespace Bibind.ControlPlane;

/// <summary>What became of a change of an offer or a plan.</summary>
public abstract record CatalogueResult<T>
{
    private CatalogueResult()
    {
    }

    /// <summary>It is done; <paramref name="Changed"/> is false if there was nothing to do.</summary>
    public sealed record Done(T Item, bool Changed) : CatalogueResult<T>;

    /// <summary>There is no such offer or plan.</summary>
    public sealed record NotFound : CatalogueResult<T>;

    /// <summary>It is not the version that the caller saw.</summary>
    public sealed record Stale(T Item) : CatalogueResult<T>;

    /// <summary>Something that has it is in the way.</summary>
    /// <param name="Message">What, and what would help.</param>
    public sealed record InUse(string Message) : CatalogueResult<T>;

    /// <summary>The code is taken.</summary>
    /// <param name="Message">By what, and what would help.</param>
    public sealed record Taken(string Message) : CatalogueResult<T>;

    /// <summary>A member stands for nothing that there is.</summary>
    /// <param name="Errors">Messages by field.</param>
    public sealed record Unknown(IReadOnlyDictionary<string, string[]> Errors) : CatalogueResult<T>;
}

/// <summary>An offer or plan in one of its versions: who made the version, when and why.</summary>
public interface ICatalogueItem
{
    string Code { get; }

    /// <summary>From 1; each change makes the next.</summary>
    int Version { get; }

    /// <summary>The version as entity tags write it.</summary>
    string Tag => Version.ToString(CultureInfo.InvariantCulture);

    /// <summary>True if new orders may name it.</summary>
    bool Active { get; }
    string ChangedBy { get; }
    string Reason { get; }
    DateTimeOffset ChangedAt { get; }

    /// <summary>When it was removed; null for what is there.</summary>
    DateTimeOffset? RemovedAt { get; }
}
