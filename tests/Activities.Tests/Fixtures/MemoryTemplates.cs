using System.Collections.Concurrent;
using Bibind.ControlPlane.Templates;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>How the making of templates ended, in memory.</summary>
internal sealed class MemoryTemplates : ITemplateDirectory
{
    public ConcurrentDictionary<long, string> Ends { get; } = new();

    public Task MarkReadyAsync(long templateId, string jobId, string contentHash, long bytes, CancellationToken cancellationToken)
    {
        Ends[templateId] = $"ready {contentHash}";
        return Task.CompletedTask;
    }

    public Task MarkFailedAsync(long templateId, string jobId, string reason, CancellationToken cancellationToken)
    {
        Ends[templateId] = $"failed {reason}";
        return Task.CompletedTask;
    }
}
