using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Decides where a version is tried out, so that every step of the trial agrees: a clone that the application finds as it finds a tenant's.</summary>
public sealed class BeginTrial(
    TemplateVersionStore versions, IOptions<PlatformOptions> platform, IFileStore files, IDatabasePooler pooler) : TaskActivity<PromoteVersionOrder, TenantDescriptor>
{
    private const string BySubdomain = "{subdomain}";

    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, PromoteVersionOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var version = await versions.FindAsync(order.TemplateId, order.Number, context.CancellationToken);
        if (version is not { State: TemplateVersionStates.Trial } || version.JobId != order.JobId)
        {
            throw new PermanentFailureException(
                $"Version {order.Number} of template '{order.Code}' is {version?.State ?? "gone"}: job '{order.JobId}' does not try it any more.");
        }

        if (version.Contents is not { } contents)
        {
            throw new PermanentFailureException($"Nobody could read what version {order.Number} of template '{order.Code}' holds, so it cannot be tried out.");
        }

        var pattern = await versions.FindDatabasePatternAsync(order.TemplateId, context.CancellationToken);
        var place = PlaceOf(order, version, contents, pattern ?? BySubdomain);
        return place with
        {
            HasFileStore = files.IsOn,
            DatabaseRole = pooler.Serves(version.ServerCode) ? FormattableString.Invariant($"t_bibind_trial_{order.TemplateId}_{order.Number}") : null,
        };
    }

    // Secrets and roles go by the tenant's number; no tenant's is below zero, and a template has one trial at a time.
    private TenantDescriptor PlaceOf(PromoteVersionOrder order, TemplateVersion version, TemplateContents contents, string pattern)
    {
        var code = FormattableString.Invariant($"bibind-trial-{order.TemplateId}-{order.Number}");
        var host = $"{code}.{platform.Value.Domain}";
        var name = DatabasePattern.TryApply(pattern, code, host, out var byPattern, out _) ? byPattern : code;
        return new TenantDescriptor
        {
            TenantId = -order.TemplateId,
            JobId = order.JobId,
            Code = code,
            Name = FormattableString.Invariant($"Trial of {order.Code}, version {order.Number}"),
            Offer = string.Empty,
            Application = version.Application,
            Plan = string.Empty,
            ServerId = version.ServerId,
            ServerCode = version.ServerCode,
            Database = name,
            TemplateCode = version.Code,
            TemplateDatabase = version.Database,
            TemplateVersion = version.ContentHash,
            Host = host,
            BaseUrl = $"{platform.Value.Scheme}://{host}",
            Bucket = string.Empty,
            Locale = LocaleOf(version, contents),
            Trial = new TemplateTrial(order.TemplateId, order.Number),
        };
    }

    private static TenantLocale LocaleOf(TemplateVersion version, TemplateContents contents) => new()
    {
        Language = contents.Languages.Contains(version.Language) || contents.Languages is not [var first, ..] ? version.Language : first,
        Currency = contents.Currency ?? (contents.Currencies is [var active, ..] ? active : "EUR"),
        Country = contents.FiscalCountry,
    };
}
