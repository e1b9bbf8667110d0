using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Registers the activities on versions of templates.</summary>
public static class TemplateVersionActivities
{
    /// <summary>Adds them; what makes, clones and drops their databases is registered with templates and tenants.</summary>
    public static TaskRegistry AddTemplateVersionActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.TemplateVersions.Attach, Make<AttachVersion>)
            .AddActivity(Contracts.TemplateVersions.MarkCandidate, Make<MarkVersionCandidate>)
            .AddActivity(Contracts.TemplateVersions.MarkFailed, Make<MarkVersionFailed>)
            .AddActivity(Contracts.TemplateVersions.BeginTrial, Make<BeginTrial>)
            .AddActivity(Contracts.TemplateVersions.Promote, Make<PromoteVersion>)
            .AddActivity(Contracts.TemplateVersions.Refuse, Make<RefuseVersion>)
            .AddActivity(Contracts.TemplateVersions.EndRetirement, Make<EndRetirement>)
            .AddActivity(Contracts.TemplateVersions.TakeInventory, Make<TakeVersionInventory>);
    }

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
