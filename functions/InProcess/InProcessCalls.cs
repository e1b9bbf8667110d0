namespace Bibind.Functions.InProcess;

/// <summary>The pipeline of this process, for calls that never leave it.</summary>
internal sealed class InProcessPipeline
{
    private RequestDelegate? _run;

    /// <summary>Answers a request as if it had come from outside.</summary>
    public RequestDelegate Run => _run ?? throw new InvalidOperationException("The pipeline is not built yet.");

    internal void Set(RequestDelegate run) => _run = run;
}

/// <summary>Composes calls within the process.</summary>
internal static class InProcessCalls
{
    /// <summary>Everything that comes after this is what such calls pass through.</summary>
    public static void UseInProcessCalls(this IApplicationBuilder app) => app.Use(next =>
    {
        app.ApplicationServices.GetRequiredService<InProcessPipeline>().Set(next);
        return next;
    });
}
