using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>What the caller is told about the end of its job.</summary>
public sealed record CallerNotice
{
    public required string CallbackUrl { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary><c>active</c>, <c>failed</c> or <c>terminated</c>.</summary>
    public required string State { get; init; }
    public string? BaseUrl { get; init; }
    public string? Reason { get; init; }
}

/// <summary>The one who ordered.</summary>
public static class Caller
{
    /// <summary>POSTs the notice to the callback URL; a caller that cannot be reached does not fail the job.</summary>
    public static readonly ActivityDefinition<CallerNotice, StepOutcome> Notify =
        new("caller.notify", new RetryPolicy(5, TimeSpan.FromSeconds(1), 4, TimeSpan.FromMinutes(2)));
}
