namespace Bibind.ControlPlane.Servers;

/// <summary>What became of a registration.</summary>
public abstract record ServerCreationResult;

/// <summary>The server is there, as a draft.</summary>
public sealed record ServerCreated(Server Server) : ServerCreationResult;

/// <summary>The server is not there.</summary>
/// <param name="Field">The field that is in the way: <c>code</c> or <c>url</c>.</param>
/// <param name="Message">Why, and what would help.</param>
public sealed record ServerRefused(string Field, string Message) : ServerCreationResult;

/// <summary>What became of a change of state.</summary>
public abstract record ServerStateResult;

/// <summary>The server has the state; <paramref name="Changed"/> is false if it had it before.</summary>
public sealed record ServerStateSet(Server Server, bool Changed) : ServerStateResult;

/// <summary>The server keeps its state.</summary>
public sealed record ServerStateRefused(ServerStateRefusal Kind, string Message) : ServerStateResult;

/// <summary>Why a state was not set.</summary>
public enum ServerStateRefusal
{
    /// <summary>There is no such server.</summary>
    NotFound,

    /// <summary>The state does not lead to the wanted one.</summary>
    NotAllowed,

    /// <summary>It has tenants.</summary>
    HasTenants,
}

/// <summary>Which servers are wanted; what is null leaves all.</summary>
public sealed record ServerFilter
{
    /// <summary>One of <see cref="ServerStates"/>.</summary>
    public string? State { get; init; }

    /// <summary>One of <see cref="ServerHealth"/>.</summary>
    public string? Health { get; init; }
    public string? Region { get; init; }
    public string? Label { get; init; }
}

/// <summary>What became of a change or removal.</summary>
public abstract record ServerChangeResult
{
    /// <summary>It is done; <paramref name="Changed"/> is false if there was nothing to do.</summary>
    public sealed record Done(Server Server, bool Changed) : ServerChangeResult;

    /// <summary>There is no such server.</summary>
    public sealed record NotFound(string Message) : ServerChangeResult;

    /// <summary>It is not the version that the caller saw.</summary>
    public sealed record Stale(Server Server) : ServerChangeResult;

    /// <summary>Its tenants or templates are in the way.</summary>
    public sealed record InUse(string Message) : ServerChangeResult;

    /// <summary>Another server has the value.</summary>
    /// <param name="Field">The field that is in the way.</param>
    /// <param name="Message">Why, and what would help.</param>
    public sealed record Taken(string Field, string Message) : ServerChangeResult;
}

/// <summary>What a field was and is.</summary>
public sealed record FieldChange(object? From, object? To);

/// <summary>One recorded change of a server, its state's included.</summary>
public sealed record ServerChange
{
    /// <summary>One of <see cref="ServerActions"/>.</summary>
    public string Action { get; init; } = string.Empty;
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;

    /// <summary>By field: what it was and what it is, as JSON.</summary>
    public string Changes { get; init; } = "{}";
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What is done to servers.</summary>
public static class ServerActions
{
    public const string Create = "create";
    public const string State = "state";
    public const string Change = "change";
    public const string Credentials = "credentials";
    public const string Drain = "drain";
    public const string EndDrain = "end-drain";
    public const string Remove = "remove";

    /// <summary>Another size of the pool of one of its templates.</summary>
    public const string WarmPool = "warm-pool";
}
