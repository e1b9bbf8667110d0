using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Database;

/// <summary>
/// A database that is ours: it is made under a name that only we use, recorded by its number, and appears under its final name
/// complete. Whatever bears the name and is not recorded belongs to someone else; the comment on it is for people.
/// </summary>
/// <param name="Name">The final name.</param>
/// <param name="StagingName">The name while it is made.</param>
/// <param name="Owner">How the mark begins: whose database it is.</param>
/// <param name="Mark">The comment that the finished database carries, for people.</param>
/// <param name="Maker">How a session that makes it shows itself, so that an orphaned one is found.</param>
public sealed record LabelledDatabase(string Name, string StagingName, string Owner, string Mark, string Maker)
{
    /// <summary>Whose it is.</summary>
    public required DatabaseHolder Holder { get; init; }

    /// <summary>The job and the backup that bring it back: <c>job/backup</c>; null for one that is cloned or made.</summary>
    public string? Restored { get; init; }

    /// <summary>A tenant's database.</summary>
    public static LabelledDatabase Of(TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        // With the code in every name, two installations that share a server do not take each other's databases for theirs.
        var owner = string.Create(CultureInfo.InvariantCulture, $"bibind tenant={place.TenantId} code={place.Code}");
        return new LabelledDatabase(
            place.Database,
            string.Create(CultureInfo.InvariantCulture, $"bibind-new-{place.TenantId}-{place.Code}"),
            owner,
            owner,
            string.Create(CultureInfo.InvariantCulture, $"bibind clone {place.TenantId} {place.Code}"))
        {
            Holder = DatabaseHolder.Tenant(place.TenantId),
        };
    }

    /// <summary>A template's database.</summary>
    public static LabelledDatabase Of(CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var owner = string.Create(CultureInfo.InvariantCulture, $"bibind template={order.TemplateId}");
        return new LabelledDatabase(
            order.Database,
            string.Create(CultureInfo.InvariantCulture, $"bibind-new-template-{order.TemplateId}"),
            owner,
            $"{owner} code={order.Code}",
            string.Create(CultureInfo.InvariantCulture, $"bibind template {order.TemplateId}"))
        {
            Holder = DatabaseHolder.Template(order.TemplateId),
        };
    }

    /// <summary>True if the comment on a role names this owner. Only who creates roles writes those.</summary>
    public bool Marks(string? comment) =>
        comment is not null && (comment == Owner || comment.StartsWith(Owner + " ", StringComparison.Ordinal));
}
