using System.Collections.Concurrent;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Bibind.WebConsole.Tests;
using Bibind.WebConsole.Texts;
using Microsoft.Playwright;
using Xunit;

[assembly: AssemblyFixture(typeof(ConsoleSite))]

namespace Bibind.WebConsole.Tests;

/// <summary>One host with everything that pages show, and one real browser, for all tests.</summary>
public sealed class ConsoleSite : IAsyncLifetime
{
    /// <summary>Where traces would be shown.</summary>
    public const string TraceUrl = "https://traces.example/trace/";

    private readonly PostgresServer _postgres = new();
    private readonly ConcurrentDictionary<string, Task<string>> _sessions = new(StringComparer.Ordinal);
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ConsoleSite() => Host = new ApiHost(_postgres) { More = [$"--Console:TraceUrl={TraceUrl}{{traceId}}?from=console"] };

    public ApiHost Host { get; }

    /// <summary>English texts that had no French word when a page was asked for in French.</summary>
    public ConcurrentDictionary<string, bool> WithoutFrench { get; } = new(StringComparer.Ordinal);

    /// <summary>Where screenshots are written.</summary>
    public static string Screenshots { get; } = Path.Combine(Repository.Root, "artifacts", "console");

    /// <summary>The distribution's browser; null where it is not installed.</summary>
    public static string? Chromium { get; } = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    public async ValueTask InitializeAsync()
    {
        Words.Missing = text => WithoutFrench.TryAdd(text, true);
        await _postgres.InitializeAsync();
        await Host.InitializeAsync();
        await SampleRows.AddAsync(Host);
        if (Chromium is null)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            // Root's processes cannot be in the sandbox.
            ChromiumSandbox = false,
            Args = ["--disable-gpu", "--disable-dev-shm-usage"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        await Host.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    /// <summary>A new browser of somebody who is signed in; whatever goes wrong in it fails the test at its end.</summary>
    public async Task<Visitor> VisitAsync(string token = ApiHost.AdminToken, Action<BrowserNewContextOptions>? configure = null)
    {
        Assert.SkipWhen(_browser is null, "There is no chromium (infra/local/setup.sh, need_chromium).");
        var options = new BrowserNewContextOptions
        {
            BaseURL = Host.Address.ToString(),
            StorageState = await _sessions.GetOrAdd(token, SignInAsync),
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
        };
        configure?.Invoke(options);
        return await Visitor.OpenAsync(await _browser.NewContextAsync(options));
    }

    // As people do it; the cookie is what later browsers get.
    private async Task<string> SignInAsync(string token)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions { BaseURL = Host.Address.ToString() });
        await using var visitor = await Visitor.OpenAsync(context);
        await visitor.SignInAsync(token);
        return await context.StorageStateAsync();
    }
}
