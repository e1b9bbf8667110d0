using System.Text.RegularExpressions;

namespace Bibind.Benchmarks;

/// <summary>The host's console, as a browser reads it.</summary>
internal sealed partial class BenchHost
{
    /// <summary>Reads a page of the console; answers its bytes.</summary>
    public async Task<int> ReadPageAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadAsByteArrayAsync()).Length;
    }

    /// <summary>Reads a page of the console and whatever it is shown with, as a browser does; answers the bytes that came over the wire.</summary>
    public async Task<long> ReadFirstVisitAsync(string path)
    {
        var page = await _http.GetStringAsync(new Uri(path, UriKind.Relative));
        var files = ConsoleFile().Matches(page).Select(m => m.Value).Distinct(StringComparer.Ordinal);
        var bytes = 0L;
        foreach (var address in files.Prepend(path))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.ParseAdd("gzip, br");
            using var answer = await _http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            bytes += (await answer.Content.ReadAsByteArrayAsync()).Length;
        }

        return bytes;
    }

    [GeneratedRegex("/console/assets/[0-9a-f]+/[a-z.]+")]
    private static partial Regex ConsoleFile();
}
