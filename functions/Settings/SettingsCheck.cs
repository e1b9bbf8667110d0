using Microsoft.Extensions.Options;

namespace Bibind.Functions.Settings;

/// <summary>Checks the options of every part that was composed, so that all problems are told at once.</summary>
internal static class SettingsCheck
{
    /// <exception cref="SettingsException">There are problems; all of them are named.</exception>
    public static void ThrowIfAny(IEnumerable<string> problems, IServiceProvider services)
    {
        var all = problems.ToList();
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
        }
        catch (Exception wrong) when (wrong is OptionsValidationException or InvalidOperationException or AggregateException)
        {
            all.AddRange(Flatten(wrong));
        }

        if (all.Count > 0)
        {
            throw new SettingsException(all);
        }
    }

    private static IEnumerable<string> Flatten(Exception wrong) => wrong switch
    {
        AggregateException several => several.InnerExceptions.SelectMany(Flatten),
        OptionsValidationException invalid => invalid.Failures,
        _ => [SettingsReader.NameOf(wrong.Message)],
    };
}
