using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;
using Microsoft.Extensions.Options;

namespace Bibind.WebConsole.Pages;

/// <summary>One request of a page: who looks, and the API as they may call it.</summary>
internal sealed class PageRequest(HttpContext context) : IDisposable
{
    private readonly HttpClient _http = new(context.RequestServices.GetRequiredService<IConsoleHost>().ApiOf(context)) { BaseAddress = new Uri("http://console.invalid"), Timeout = Timeout.InfiniteTimeSpan };

    public HttpContext Context => context;

    public CancellationToken Cancellation => context.RequestAborted;

    public View View { get; } = View.Of(
        context, context.RequestServices.GetRequiredService<IConsoleHost>(), context.RequestServices.GetRequiredService<IOptions<WebConsoleOptions>>().Value,
        context.RequestServices.GetRequiredService<TimeProvider>());

    public ConsoleApi Api => field ??= new ConsoleApi(_http);

    /// <summary>Reads what whoever looks keeps of this list; a page that cannot be told is shown without.</summary>
    public async Task ReadSavedViewsAsync()
    {
        var kept = (await Api.ListAsync<SavedView>("/api/views", Cancellation)).Value?.Items ?? [];
        View.Saved = [.. kept.Where(k => k.Path.Split('?')[0] == View.Path && ConsoleLists.IsAddress(k.Path))];
    }

    /// <summary>Reads one thing that the page is about.</summary>
    public Task<Answer<T>> GetAsync<T>(string path) => Api.GetAsync<T>(path, Cancellation);

    /// <summary>Reads a list with the filters of the page's address.</summary>
    public Task<Answer<ListOf<T>>> ListAsync<T>(string path, params string[] filters) =>
        Api.ListAsync<T>(path + QueryOf([.. filters, "page"]), Cancellation);

    /// <summary>What the page's address says of these, for a call of the API.</summary>
    public QueryString QueryOf(params string[] names) =>
        QueryString.Create(names.Select(n => KeyValuePair.Create(n, View.Asked(n))).Where(q => !string.IsNullOrWhiteSpace(q.Value)));

    /// <summary>The page, in the language of whoever looks.</summary>
    public PageResult Page<TPage>(string title, params (string Name, object? Value)[] model) =>
        new(typeof(TPage), title, model.ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal), View);

    /// <summary>The page with another status.</summary>
    public PageResult Page<TPage>(int status, string title, params (string Name, object? Value)[] model) =>
        new(typeof(TPage), title, model.ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal), View, status);

    public PageResult Problem(ApiProblem problem) => PageResult.Of(problem, View);

    /// <summary>What is said where no page is.</summary>
    public PageResult NoSuchPage() => Problem(new ApiProblem(
        string.Empty, View.Words["There is no such page"], StatusCodes.Status404NotFound, View.Words["The address may be an old one, or have a mistake in it."], TraceId: null));

    public void Dispose() => _http.Dispose();
}
