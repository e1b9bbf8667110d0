using Bibind.ControlPlane.Servers;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>Why something is done to a server; recorded.</summary>
public sealed record ServerReason
{
    /// <summary>In words, at most 500 characters.</summary>
    public required string Reason { get; init; }
}

/// <summary>A change of a server. What is left out stays; what may be empty is emptied by null.</summary>
public sealed record ChangeServer
{
    private static readonly string[] NeverEmpty =
        ["name", "sequence", "url", "port", "labels", "databaseHost", "databasePort", "databaseUser", "applicationRole", "maxTenants"];

    public string? Name { get; init; }
    public int? Sequence { get; init; }
    public string? Description { get; init; }
    public string? Url { get; init; }
    public string? Ip { get; init; }
    public int? Port { get; init; }
    public string? SshUser { get; init; }

    /// <summary>Name of the secret that holds the SSH key.</summary>
    public string? SshSecret { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public string? DatabaseHost { get; init; }
    public int? DatabasePort { get; init; }
    public string? DatabaseUser { get; init; }
    public string? ApplicationRole { get; init; }
    public int? CpuCores { get; init; }
    public int? MemoryGb { get; init; }
    public int? DiskGb { get; init; }
    public int? MaxTenants { get; init; }

    /// <summary>Why; recorded with the change.</summary>
    public required string Reason { get; init; }

    /// <summary>The server as it is to be.</summary>
    /// <param name="server">As it is.</param>
    /// <param name="given">The members that the command has.</param>
    internal ServerFields ApplyTo(ServerFields server, IReadOnlySet<string> given) => server with
    {
        Name = Name ?? server.Name,
        Sequence = Sequence ?? server.Sequence,
        Description = given.Contains("description") ? Description : server.Description,
        Url = Url ?? server.Url,
        Ip = given.Contains("ip") ? Ip : server.Ip,
        Port = Port ?? server.Port,
        SshUser = given.Contains("sshUser") ? SshUser : server.SshUser,
        SshSecret = given.Contains("sshSecret") ? SshSecret : server.SshSecret,
        Region = given.Contains("region") ? Region : server.Region,
        Labels = Labels ?? server.Labels,
        DatabaseHost = DatabaseHost ?? server.DatabaseHost,
        DatabasePort = DatabasePort ?? server.DatabasePort,
        DatabaseUser = DatabaseUser ?? server.DatabaseUser,
        ApplicationRole = ApplicationRole ?? server.ApplicationRole,
        CpuCores = given.Contains("cpuCores") ? CpuCores : server.CpuCores,
        MemoryGb = given.Contains("memoryGb") ? MemoryGb : server.MemoryGb,
        DiskGb = given.Contains("diskGb") ? DiskGb : server.DiskGb,
        MaxTenants = MaxTenants ?? server.MaxTenants,
    };

    /// <summary>What is wrong with it, by field; what was valid before and is not changed is not asked about.</summary>
    /// <param name="server">The server as it is.</param>
    /// <param name="given">The members that the command has.</param>
    /// <param name="nulls">Those of them that are null.</param>
    internal IReadOnlyDictionary<string, string[]> FindWrong(ServerFields server, IReadOnlySet<string> given, IReadOnlySet<string> nulls)
    {
        var errors = new FieldErrors();
        foreach (var field in NeverEmpty.Where(nulls.Contains))
        {
            errors.Add(field, "must not be null: leave it out if it stays");
        }

        RecordedReason.Add(errors, Reason);

        errors.AddFurther(ServerValidation.Check(ApplyTo(server, given)).Where(e => given.Contains(e.Key)).ToDictionary(e => e.Key, e => e.Value));
        return errors.ToDictionary();
    }
}
