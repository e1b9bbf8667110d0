using System.Collections.Concurrent;
using Bibind.Contracts;
using Bibind.ControlPlane.Templates;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>How the making of templates ended, in memory.</summary>
internal sealed class MemoryTemplates : ITemplateDirectory
{
    public ConcurrentDictionary<long, string> Ends { get; } = new();

    /// <summary>What ready templates offer, by their ids.</summary>
    public ConcurrentDictionary<long, TemplateContents?> Contents { get; } = new();

    /// <summary>What tenants showed of their templates, by code.</summary>
    public ConcurrentDictionary<string, TemplateContents> Learnt { get; } = new();

    public Task MarkReadyAsync(long templateId, string jobId, string contentHash, long bytes, TemplateContents? contents, CancellationToken cancellationToken)
    {
        Ends[templateId] = $"ready {contentHash}";
        Contents[templateId] = contents;
        return Task.CompletedTask;
    }

    public Task LearnAsync(long serverId, string code, TemplateContents contents, CancellationToken cancellationToken)
    {
        Learnt[code] = contents;
        return Task.CompletedTask;
    }

    public Task MarkFailedAsync(long templateId, string jobId, string reason, CancellationToken cancellationToken)
    {
        Ends[templateId] = $"failed {reason}";
        return Task.CompletedTask;
    }
}
