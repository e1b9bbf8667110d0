namespace Bibind.Local;

/// <summary>Text files that are part of this program.</summary>
internal static class EmbeddedText
{
    public static async Task<string> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var assembly = typeof(EmbeddedText).Assembly;
        var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{assembly.GetName().Name} has no embedded file {name}.");
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}
