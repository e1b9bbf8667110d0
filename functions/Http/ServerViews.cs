using System.Text.Json;
using Bibind.ControlPlane.Servers;

namespace Bibind.Functions.Http;

/// <summary>A server as people see it: passwords are nowhere, neither they nor their names.</summary>
public sealed record ServerView(
    string Code,
    string Name,
    int Sequence,
    string? Description,
    string Url,
    string? Ip,
    int Port,
    string? SshUser,
    string? SshSecret,
    string? Region,
    IReadOnlyList<string> Labels,
    string DatabaseHost,
    int DatabasePort,
    string DatabaseUser,
    string ApplicationRole,
    int? CpuCores,
    int? MemoryGb,
    int? DiskGb,
    int MaxTenants,
    int TenantCount,
    int UsedPlaces,
    int AvailableCapacityPercent,
    string State,
    bool Draining,
    string Health,
    string? HealthReason,
    bool Online,
    string? ApplicationVersion,
    DateTimeOffset? LastCheck,
    DateTimeOffset CreatedAt)
{
    /// <summary>The pools of ready clones that it keeps; only where one server is shown.</summary>
    public IReadOnlyList<ServerPoolView>? Pools { get; init; }

    /// <summary>From a row.</summary>
    public static ServerView Of(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return new ServerView(
            server.Code, server.Name, server.Sequence, server.Description, server.Url, server.Ip, server.Port, server.SshUser, server.SshSecret,
            server.Region, server.Labels, server.DbHost, server.DbPort, server.DbUser, server.ApplicationRole, server.CpuCores, server.MemoryGb, server.DiskGb,
            server.MaxTenants, server.TenantCount, server.UsedPlaces, server.AvailableCapacityPercent, server.State, server.Draining, server.Health,
            server.HealthReason, server.Online, server.ApplicationVersion, server.LastCheck, server.CreatedAt);
    }
}

/// <summary>The server that would take a tenant now.</summary>
/// <param name="Server">The server.</param>
/// <param name="PassedOver">Those that cannot take it, and why; those first that came nearest.</param>
public sealed record BestServerView(ServerView Server, IReadOnlyList<PassedOverServer> PassedOver);

/// <summary>A check that was made.</summary>
/// <param name="CheckedAt">When.</param>
/// <param name="Health">What it found: healthy, warning or critical.</param>
/// <param name="Reason">Why it is not healthy, or what should be known of it.</param>
/// <param name="Measures">What was measured; what could not be known is null.</param>
public sealed record ServerCheckView(DateTimeOffset CheckedAt, string Health, string? Reason, ServerMeasures Measures)
{
    /// <summary>From a row.</summary>
    public static ServerCheckView Of(ServerCheck check)
    {
        ArgumentNullException.ThrowIfNull(check);
        return new ServerCheckView(check.CheckedAt, check.Health, check.Reason, check.Measures);
    }
}

/// <summary>Something about a server that people are told, once however often its cause repeats.</summary>
/// <param name="Server">The server's code.</param>
/// <param name="Kind">offline, warning or version.</param>
/// <param name="Reason">Why.</param>
/// <param name="RaisedAt">Since when.</param>
/// <param name="ClearedAt">When it was over; null while it is not.</param>
public sealed record ServerAlertView(string Server, string Kind, string Reason, DateTimeOffset RaisedAt, DateTimeOffset? ClearedAt)
{
    /// <summary>From a row.</summary>
    public static ServerAlertView Of(ServerAlert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return new ServerAlertView(alert.ServerCode, alert.Kind, alert.Reason, alert.RaisedAt, alert.ClearedAt);
    }
}

/// <summary>One recorded change of a server.</summary>
/// <param name="Action">create, state, change, credentials, drain, end-drain, warm-pool or remove.</param>
/// <param name="ChangedBy">Who.</param>
/// <param name="Reason">Why.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="Changes">By field: what it was (<c>from</c>) and what it is (<c>to</c>).</param>
public sealed record ServerChangeView(string Action, string ChangedBy, string Reason, DateTimeOffset ChangedAt, JsonElement Changes)
{
    /// <summary>From a row.</summary>
    public static ServerChangeView Of(ServerChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new ServerChangeView(
            change.Action, change.ChangedBy, change.Reason, change.ChangedAt, JsonSerializer.Deserialize<JsonElement>(change.Changes));
    }
}
