namespace Bibind.Functions.Problems;

/// <summary>Whether the control database has its schema and what the settings name, so that work can be done.</summary>
public interface IControlPlaneReadiness
{
    /// <summary>True once it has; it stays true when the database goes away later.</summary>
    bool IsReady { get; }

    /// <summary>Tries to get ready if it is not, for 3 seconds at most.</summary>
    /// <exception cref="ControlPlaneNotReadyException">It is not ready.</exception>
    Task EnsureReadyAsync(CancellationToken cancellationToken);

    /// <summary>Completes as soon as it is ready.</summary>
    Task UntilReadyAsync(CancellationToken cancellationToken);
}

/// <summary>The control database has been away since the host started.</summary>
public sealed class ControlPlaneNotReadyException() : Exception("The control database (setting ControlDatabase) has not answered since the host started.");

/// <summary>Answers 503 to whatever needs the control database as long as it was never there; probes and documents are answered.</summary>
internal sealed class ReadinessMiddleware(RequestDelegate next, IControlPlaneReadiness readiness)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!readiness.IsReady && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<NeedsNoDatabase>() is null)
        {
            await readiness.EnsureReadyAsync(context.RequestAborted);
        }

        await next(context);
    }
}

/// <summary>Marks endpoints that are answered without the control database.</summary>
internal sealed record NeedsNoDatabase;
