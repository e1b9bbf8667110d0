using Bibind.Contracts;

namespace Bibind.ControlPlane.Templates;

/// <summary>Tells the control database how the making of a template ended.</summary>
public interface ITemplateDirectory
{
    /// <summary>The template can be cloned from now on; repeating it changes nothing.</summary>
    /// <param name="templateId">The template.</param>
    /// <param name="jobId">The job that made it.</param>
    /// <param name="contentHash">Versions its content: lower-case hex of SHA-256.</param>
    /// <param name="bytes">Size of the database.</param>
    /// <param name="contents">What it offers; null if that could not be read, which leaves what is known.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task MarkReadyAsync(
        long templateId, string jobId, string contentHash, long bytes, TemplateContents? contents, CancellationToken cancellationToken);

    /// <summary>Notes what a template offers where nobody has looked yet.</summary>
    Task LearnAsync(long serverId, string code, TemplateContents contents, CancellationToken cancellationToken);

    /// <summary>The template could not be made; repeating it changes nothing.</summary>
    /// <param name="templateId">The template.</param>
    /// <param name="jobId">The job that tried.</param>
    /// <param name="reason">Why not, in words.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task MarkFailedAsync(long templateId, string jobId, string reason, CancellationToken cancellationToken);
}
