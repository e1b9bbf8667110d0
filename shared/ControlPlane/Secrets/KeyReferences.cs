using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Puts keys in the place of the settings' references to them, before the keys are checked.</summary>
internal sealed class KeyReferences(IEnumerable<IKeySource> sources) : IPostConfigureOptions<SecretsOptions>
{
    // Lambda ends a process that has not begun to listen after 10 seconds.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    // Options are made more than once, and a source is asked once: what it says must not change while a host runs.
    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void PostConfigure(string? name, SecretsOptions options)
    {
        List<string> faults = [];
        options.MasterKey = Read("Secrets__MasterKey", options.MasterKey, faults);
        for (var number = 0; number < options.OtherKeys.Count; number++)
        {
            options.OtherKeys[number] = Read($"Secrets__OtherKeys__{number}", options.OtherKeys[number], faults);
        }

        if (faults.Count > 0)
        {
            throw new OptionsValidationException(name ?? string.Empty, typeof(SecretsOptions), faults);
        }
    }

    private string Read(string setting, string? value, List<string> faults)
    {
        // Base64 has no colon.
        if (value is null || value.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon))
        {
            return value ?? string.Empty;
        }

        if (_known.TryGetValue(value, out var known))
        {
            return known;
        }

        if (sources.FirstOrDefault(s => s.Scheme == value[..colon]) is not { } source)
        {
            faults.Add($"{setting} is neither base64 of a key nor a reference to one: references begin with {string.Join(", ", sources.Select(s => $"{s.Scheme}:"))}.");
            return value;
        }

        try
        {
            var key = Read(setting, source, value[(colon + 1)..]);
            if (SecretsOptionsValidation.FaultOf($"{setting}: what {source.Scheme}: leads to", key) is { } fault)
            {
                faults.Add(fault);
            }

            return _known[value] = key;
        }
        catch (KeyRefusedException refused)
        {
            faults.Add($"{setting} {refused.Message}.");
            return value;
        }
    }

    // Options are made synchronously, and this once at start, before anything else runs that could want the thread.
    private static string Read(string setting, IKeySource source, string reference)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            return Task.Run(() => source.ReadAsync(reference, limit.Token), CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (KeyUnavailableException unavailable)
        {
            throw new KeyUnavailableException($"{setting} cannot be read: {unavailable.Message}.", unavailable);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested)
        {
            throw new KeyUnavailableException($"{setting} cannot be read: {source.Scheme} did not answer within {Limit.TotalSeconds:0} seconds.", late);
        }
    }
}
