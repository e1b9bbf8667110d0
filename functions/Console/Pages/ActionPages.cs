using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.WebConsole.Actions;
using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>The form before something is done, and what comes of it.</summary>
internal static class ActionPages
{
    public static async Task<IResult> AskAsync(PageRequest request)
    {
        if (Read(request) is not { } asked)
        {
            return request.NoSuchPage();
        }

        if (!request.View.May(asked.ConsoleAction.Role))
        {
            return request.Problem(Closed(asked.ConsoleAction, request.View));
        }

        var values = asked.ConsoleAction.Fields.Where(f => f.Value is not null).ToDictionary(f => f.Name, f => f.Value!, StringComparer.Ordinal);
        if (asked.ConsoleAction.Current is { } path)
        {
            var current = await request.GetAsync<JsonElement>(ConsoleAction.Fill(path, asked.Id, asked.Of));
            if (!current.IsGood)
            {
                return request.Problem(current.Problem!);
            }

            foreach (var field in asked.ConsoleAction.Fields)
            {
                if (ActionForm.TextOf(field, current.Value) is { } text)
                {
                    values[field.Name] = text;
                }
            }

            values[ActionForm.ETagField] = current.ETag ?? string.Empty;
        }

        // A link may fill in what is known.
        foreach (var field in asked.ConsoleAction.Fields.Where(f => f.Kind != FieldKind.Json && request.View.Asked(f.Name) is not null))
        {
            values[field.Name] = request.View.Asked(field.Name)!;
        }

        return await FormAsync(request, asked, values, problem: null);
    }

    public static async Task<IResult> DoAsync(PageRequest request)
    {
        var given = await Forms.ReadAsync(request.Context);
        if (Read(request) is not { } asked)
        {
            return request.NoSuchPage();
        }

        var (act, id, of) = asked;
        var form = new ActionForm(act, id, of, given);
        var (path, body) = form.ToCall();
        if (form.Problem is { } unready && request.View.May(act.Role))
        {
            return await FormAsync(request, asked, given, unready);
        }

        if (act.HasDryRun && body is not null && !form.WasSeen(body))
        {
            return await PreviewAsync(request, asked, given, path, body);
        }

        var answer = await request.Api.SendAsync<JsonElement>(
            act.Method, path, body, given.GetValueOrDefault(ActionForm.ETagField) is { Length: > 0 } tag ? tag : null, given.GetValueOrDefault(ActionForm.KeyField), request.Cancellation);
        if (!answer.IsGood)
        {
            return answer.Problem!.Status is 401 or 403 ? request.Problem(answer.Problem) : await FormAsync(request, asked, given, answer.Problem);
        }

        if (act.ShowsSecrets)
        {
            return request.Page<SecretsPage>(request.View.Words[act.Button], ("ConsoleAction", act), ("Id", id), ("Of", of), ("Shown", answer.Value));
        }

        return new SeeOther(JobOf(answer) is { } job ? $"/console/jobs/{Uri.EscapeDataString(job)}" : Forms.Add(ConsoleAction.Fill(act.Back, id, of), "done", $"{act.Area}.{act.Name}"));
    }

    // What would come of it, and the same form once more to confirm it.
    private static async Task<IResult> PreviewAsync(
        PageRequest request, (ConsoleAction ConsoleAction, string? Id, string? Of) asked, IReadOnlyDictionary<string, string> given, string path, JsonObject body)
    {
        var seen = new Dictionary<string, string>(given, StringComparer.Ordinal) { [ActionForm.SeenField] = ActionForm.SumOf(body) };
        body["dryRun"] = true;
        var preview = await request.Api.SendAsync<JsonElement>(asked.ConsoleAction.Method, path, body, ifMatch: null, key: null, request.Cancellation);
        return preview.IsGood ? await FormAsync(request, asked, seen, problem: null, preview.Value)
            : preview.Problem!.Status is 401 or 403 ? request.Problem(preview.Problem)
            : await FormAsync(request, asked, given, preview.Problem);
    }

    private static (ConsoleAction ConsoleAction, string? Id, string? Of)? Read(PageRequest request)
    {
        var route = request.Context.Request.RouteValues;
        return ActionCatalogue.Find((string)route["area"]!, (string)route["act"]!) is { } act ? (act, route.GetValueOrDefault("id") as string, request.View.Asked("of")) : null;
    }

    // Lists are read again each time: what is in them may have changed.
    private static async Task<IResult> FormAsync(PageRequest request, (ConsoleAction ConsoleAction, string? Id, string? Of) asked, IReadOnlyDictionary<string, string> values, ApiProblem? problem, JsonElement? preview = null)
    {
        var choices = new Dictionary<string, IReadOnlyList<(string Value, string Label)>>(StringComparer.Ordinal);
        foreach (var field in asked.ConsoleAction.Fields.Where(f => f.ChoicesFrom is not null))
        {
            var found = await request.Api.ListAsync<Choice>(field.ChoicesFrom!, request.Cancellation);
            choices[field.Name] = [.. (found.Value?.Items ?? []).DistinctBy(c => c.Code).Select(c => (c.Code, c.Name is null || c.Name == c.Code ? c.Code : $"{c.Name} ({c.Code})"))];
        }

        return request.Page<ActionPage>(
            problem?.Status ?? StatusCodes.Status200OK, request.View.Words[asked.ConsoleAction.Button], ("ConsoleAction", asked.ConsoleAction), ("Id", asked.Id), ("Of", asked.Of), ("Values", values), ("Choices", choices), ("Problem", problem), ("Preview", preview));
    }

    private static string? JobOf(Answer<JsonElement> answer)
    {
        const string Jobs = "/api/jobs/";
        if (answer.Location is { } location && location.StartsWith(Jobs, StringComparison.Ordinal))
        {
            return Uri.UnescapeDataString(location[Jobs.Length..]);
        }

        return answer.Value is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty("job", out var job) && job.ValueKind == JsonValueKind.String && answer.Status == System.Net.HttpStatusCode.Accepted
            ? job.GetString()
            : null;
    }

    private static ApiProblem Closed(ConsoleAction act, View view) =>
        new(string.Empty, view.Words["Not allowed"], StatusCodes.Status403Forbidden, view.Words.Format("This needs the role {0}; yours is {1}.", act.Role, view.Caller.Role), TraceId: null);

    private sealed record Choice(string Code, string? Name);
}
