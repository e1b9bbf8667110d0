namespace Bibind.ControlPlane.Templates;

/// <summary>Tells the control database how the making of a template ended.</summary>
public interface ITemplateDirectory
{
    /// <summary>The template can be cloned from now on; repeating it changes nothing.</summary>
    /// <param name="templateId">The template.</param>
    /// <param name="jobId">The job that made it.</param>
    /// <param name="contentHash">Versions its content: lower-case hex of SHA-256.</param>
    /// <param name="bytes">Size of the database.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task MarkReadyAsync(long templateId, string jobId, string contentHash, long bytes, CancellationToken cancellationToken);

    /// <summary>The template could not be made; repeating it changes nothing.</summary>
    /// <param name="templateId">The template.</param>
    /// <param name="jobId">The job that tried.</param>
    /// <param name="reason">Why not, in words.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task MarkFailedAsync(long templateId, string jobId, string reason, CancellationToken cancellationToken);
}
