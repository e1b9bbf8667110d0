using Bibind.Durable;

namespace Bibind.Activities.Application;

/// <summary>The applications that this installation can provide.</summary>
public sealed class ApplicationProviders(IEnumerable<IApplication> applications)
{
    /// <summary>The HTTP client of calls to applications.</summary>
    internal const string HttpClientName = "application";

    private readonly Dictionary<string, IApplication> _applications = applications.ToDictionary(a => a.Name, StringComparer.Ordinal);

    /// <summary>The provider of an application.</summary>
    /// <exception cref="PermanentFailureException">There is none.</exception>
    public IApplication Of(string application) => _applications.TryGetValue(application, out var found)
        ? found
        : throw new PermanentFailureException(
            $"The application '{application}' cannot be provided here; there is {string.Join(", ", _applications.Keys.Order(StringComparer.Ordinal))}.");
}
