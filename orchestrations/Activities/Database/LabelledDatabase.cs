using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using static System.FormattableString;

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

    /// <summary>One of <see cref="DatabasePurposes"/>.</summary>
    public string Purpose { get; init; } = DatabasePurposes.Current;

    /// <summary>The job and the backup that bring it back: <c>job/backup</c>; null for one that is cloned or made.</summary>
    public string? Restored { get; init; }

    /// <summary>A tenant's database, or what a version of a template is tried out in.</summary>
    public static LabelledDatabase Of(TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (place.Trial is { } trial)
        {
            return OfTrial(place, trial);
        }

        if (place.IsRehearsal)
        {
            return OfRehearsal(place);
        }

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
        var (template, later) = (order.TemplateId, order.Number > 1);
        var owner = Invariant($"bibind template={template}") + (later ? Invariant($" version={order.Number}") : string.Empty);
        return new LabelledDatabase(
            order.Database,
            Invariant($"bibind-new-template-{template}") + (later ? Invariant($"-v{order.Number}") : string.Empty),
            owner,
            $"{owner} code={order.Code}",
            Invariant($"bibind template {template}") + (later ? Invariant($" v{order.Number}") : string.Empty))
        {
            Holder = DatabaseHolder.Template(template, order.Number),
        };
    }

    private static LabelledDatabase OfTrial(TenantDescriptor place, TemplateTrial trial)
    {
        var owner = Invariant($"bibind trial of template={trial.TemplateId} version={trial.Number}");
        return new LabelledDatabase(
            place.Database,
            Invariant($"bibind-new-trial-{trial.TemplateId}-{trial.Number}"),
            owner,
            owner,
            Invariant($"bibind trial {trial.TemplateId} {trial.Number}"))
        {
            Holder = DatabaseHolder.Trial(trial.TemplateId, trial.Number),
            Purpose = DatabasePurposes.Trial,
        };
    }

    // It has one name all along: it is made unseen by the application, and dropped by that name only, never by whose it is.
    private static LabelledDatabase OfRehearsal(TenantDescriptor copy)
    {
        var owner = Invariant($"bibind rehearsal tenant={copy.TenantId} code={copy.Code}");
        return new LabelledDatabase(copy.Database, copy.Database, owner, owner, Invariant($"bibind rehearse {copy.TenantId} {copy.Code}"))
        {
            Holder = DatabaseHolder.Tenant(copy.TenantId),
            Purpose = DatabasePurposes.Trial,
        };
    }

    /// <summary>True if the comment on a role names this owner. Only who creates roles writes those.</summary>
    public bool Marks(string? comment) =>
        comment is not null && (comment == Owner || comment.StartsWith(Owner + " ", StringComparison.Ordinal));
}
