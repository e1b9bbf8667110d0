using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Settings;
using Bibind.Functions.Settings.Catalogue;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>A setting as it counts at the host that answers.</summary>
/// <param name="Name">As people write it.</param>
/// <param name="Section">What it belongs to.</param>
/// <param name="Value">What counts; empty if nothing is set and there is no default, <c>(secret)</c> for secrets.</param>
/// <param name="Source">Where it is set: <c>environment</c>, <c>command line</c>, <c>local.settings.json</c>, or <c>default</c>.</param>
/// <param name="Meaning">What it does, in Markdown.</param>
public sealed record SettingView(string Name, string Section, string Value, string Source, string Meaning);

/// <summary><c>/api/settings</c>.</summary>
internal static class SettingsApi
{
    private const string Default = "default";
    private static readonly QueryParameter Only = new("set", "true: only what is set; otherwise also what counts because nothing is.", ["true", "false"]);

    public static void MapSettings(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/settings", List).WithTags("settings").NeedsRole(Role.Admin).Describe("listSettings", "Lists the settings of the host that answers, without secrets, and where each comes from")
            .TakesQuery(Only).Answers<ListResponse<SettingView>>();

    private static Ok<ListResponse<SettingView>> List(HttpContext context, IConfiguration configuration)
    {
        var query = new QueryReader(context);
        var onlySet = query.Flag(Only.Name, otherwise: false);
        query.ThrowIfAny();
        var set = SettingsReport.Read((IConfigurationRoot)configuration).ToList();
        var known = SettingsCatalogue.Sections.SelectMany(section => section.Settings.Select(setting => (section, setting))).ToList();
        var shown = new List<SettingView>();
        foreach (var (section, setting) in known)
        {
            var here = set.Where(s => SettingsCatalogue.Find(s.Name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)) == setting).ToList();
            shown.AddRange(here.Select(s => new SettingView(s.Name, section.Title, s.Value, s.Source, setting.Meaning)));
            if (here.Count == 0 && !onlySet && !setting.IsFromPlatform)
            {
                shown.Add(new SettingView(setting.Name, section.Title, setting.Default ?? setting.DefaultInWords ?? string.Empty, Default, setting.Meaning));
            }
        }

        return TypedResults.Ok(Paging.ShowAll(shown, s => s));
    }
}
