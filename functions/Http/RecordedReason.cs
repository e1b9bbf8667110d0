using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>Reasons that may be left out.</summary>
internal static class RecordedReason
{
    /// <summary>What is wrong with a command, its reason included.</summary>
    public static IReadOnlyDictionary<string, string[]> With(IReadOnlyDictionary<string, string[]> wrong, string? reason)
    {
        var errors = new FieldErrors();
        errors.AddFurther(wrong);
        if (reason is not null && ServerReason.ProblemWith(reason) is { } problem)
        {
            errors.Add("reason", problem);
        }

        return errors.ToDictionary();
    }
}
