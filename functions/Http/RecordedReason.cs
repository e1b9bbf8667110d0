using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>Reasons that are recorded with what somebody orders.</summary>
internal static class RecordedReason
{
    /// <summary>In characters.</summary>
    public const int Longest = 500;

    /// <summary>Adds what is wrong with a reason that must be given.</summary>
    public static void Add(FieldErrors errors, string? reason)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > Longest)
        {
            errors.Add("reason", $"must be 1 to {Longest} characters: why it is done; it is recorded");
        }
    }

    /// <summary>What is wrong with a command that is nothing but a reason.</summary>
    public static IReadOnlyDictionary<string, string[]> FindWrong(string? reason)
    {
        var errors = new FieldErrors();
        Add(errors, reason);
        return errors.ToDictionary();
    }

    /// <summary>What is wrong with a command, its reason included, which may be left out.</summary>
    public static IReadOnlyDictionary<string, string[]> With(IReadOnlyDictionary<string, string[]> wrong, string? reason)
    {
        var errors = new FieldErrors();
        errors.AddFurther(wrong);
        if (reason is not null)
        {
            Add(errors, reason);
        }

        return errors.ToDictionary();
    }
}
