using Bibind.ControlPlane.Secrets;
using Bibind.Functions.Startup;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Settings;

/// <summary>Checks the options of every part that was composed, so that all problems are told at once.</summary>
internal static class SettingsCheck
{
    /// <exception cref="SettingsException">There are problems; all of them are named.</exception>
    /// <exception cref="StartException">A key cannot be read where the settings say it is.</exception>
    public static void ThrowIfAny(IEnumerable<string> problems, IServiceProvider services)
    {
        var all = problems.ToList();
        var said = all.Select(NameIn).ToHashSet(StringComparer.Ordinal);
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
        }
        catch (KeyUnavailableException unavailable)
        {
            throw new StartException(unavailable.Message, unavailable);
        }
        catch (Exception wrong) when (wrong is OptionsValidationException or InvalidOperationException or AggregateException)
        {
            all.AddRange(Flatten(wrong).Where(p => !said.Contains(NameIn(p))));
        }

        // Each setting is named by whoever knows most of it: the catalogue speaks last.
        said.UnionWith(all.Select(NameIn));
        all.AddRange(CatalogueCheck.FindOutOfRange(services.GetRequiredService<IConfiguration>()).Where(p => !said.Contains(NameIn(p))));
        if (all.Count > 0)
        {
            throw new SettingsException(all);
        }
    }

    private static string NameIn(string problem) => problem.Split(' ', 2)[0];

    private static IEnumerable<string> Flatten(Exception wrong) => wrong switch
    {
        AggregateException several => several.InnerExceptions.SelectMany(Flatten),
        OptionsValidationException invalid => invalid.Failures,
        _ => [SettingsReader.NameOf(wrong.Message)],
    };
}
