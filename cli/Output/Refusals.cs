using System.Text.Json;
using Bibind.Client;

namespace Bibind.Cli.Output;

/// <summary>Says why a call was refused, with every field, and how the program ends.</summary>
internal static class Refusals
{
    public static async Task<int> SayAsync(ApiException refused, ResultWriter writer)
    {
        var problem = ProblemOf(refused);
        if (writer.Format is OutputFormat.Json or OutputFormat.Yaml && problem is not null)
        {
            await writer.Errors.WriteLineAsync(refused.Response);
        }
        else if (problem is not null)
        {
            await writer.SayAsync(Text.Clean(problem.Detail is { Length: > 0 } ? problem.Detail : problem.Title));
            foreach (var (field, wrongs) in problem.Errors ?? new Dictionary<string, ICollection<string>>())
            {
                foreach (var wrong in wrongs)
                {
                    await writer.SayAsync($"  {Text.Clean(field)}: {Text.Clean(wrong)}");
                }
            }

            if (refused.StatusCode >= 500)
            {
                await writer.SayAsync($"  trace {Text.Clean(problem.TraceId)}");
            }
        }
        else
        {
            await writer.SayAsync($"The server answered {refused.StatusCode}, not as this API does: is the address right?");
        }

        return ExitCodeOf(refused.StatusCode);
    }

    /// <summary>By the status of the answer.</summary>
    public static int ExitCodeOf(int status) => status switch
    {
        404 => ExitCodes.NotFound,
        >= 400 and < 500 => ExitCodes.Refused,
        _ => ExitCodes.NotReachable,
    };

    private static ProblemBody? ProblemOf(ApiException refused)
    {
        if (refused is ApiException<ProblemBody> typed)
        {
            return typed.Result;
        }

        try
        {
            return refused.Response is { Length: > 0 } text ? JsonSerializer.Deserialize<ProblemBody>(text, BibindClient.Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
