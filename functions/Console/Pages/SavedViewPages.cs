using System.Text.Json;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>A list is kept as it is filtered, or is kept no longer.</summary>
internal static class SavedViewPages
{
    public static Task<IResult> KeepAsync(PageRequest request) => ChangeAsync(request, HttpMethod.Put);

    public static Task<IResult> ForgetAsync(PageRequest request) => ChangeAsync(request, HttpMethod.Delete);

    private static async Task<IResult> ChangeAsync(PageRequest request, HttpMethod method)
    {
        var given = await Forms.ReadAsync(request.Context);
        var path = given.GetValueOrDefault("path") ?? string.Empty;
        var name = (given.GetValueOrDefault("name") ?? string.Empty).Trim();
        if (name.Length == 0)
        {
            return new SeeOther(Forms.LocalPath(path));
        }

        var answer = await request.Api.SendAsync<JsonElement>(
            method, $"/api/views/{Uri.EscapeDataString(name)}", method == HttpMethod.Put ? new { path } : null, ifMatch: null, key: null, request.Cancellation);

        // One that is gone already is no longer kept, as was asked for.
        return answer.IsGood || answer.Problem!.Status == StatusCodes.Status404NotFound ? new SeeOther(Forms.LocalPath(path)) : request.Problem(answer.Problem);
    }
}
