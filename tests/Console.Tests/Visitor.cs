using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>Somebody at a browser. Errors of scripts, refused resources and violations of the policy are kept, and none is expected.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _faults = [];

    private Visitor(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !_expected.Any(e => message.Text.Contains(e, StringComparison.Ordinal)))
            {
                _faults.Add($"{page.Url}: {message.Text}");
            }
        };
        page.PageError += (_, error) => _faults.Add($"{page.Url}: {error}");
        page.Dialog += async (_, dialog) =>
        {
            _faults.Add($"{page.Url}: a dialog says {dialog.Message}");
            await dialog.DismissAsync();
        };
    }

    private readonly List<string> _expected = [];

    public IPage Page { get; }

    public static async Task<Visitor> OpenAsync(IBrowserContext context)
    {
        context.SetDefaultTimeout(60_000);
        return new Visitor(context, await context.NewPageAsync());
    }

    /// <summary>Goes to a page; answers its status.</summary>
    public async Task<int> GoAsync(string path) => (await Page.GotoAsync(path))!.Status;

    /// <summary>Signs in with a token, as people do it.</summary>
    public async Task SignInAsync(string token)
    {
        await Page.GotoAsync("/console");
        await Page.Locator("#token").FillAsync(token);
        await Page.Locator("#token").PressAsync("Enter");
        await Page.Locator(".who").WaitForAsync();
    }

    /// <summary>The browser itself complains about answers that are refusals: those are meant.</summary>
    public void Expect(string fault) => _expected.Add(fault);

    /// <summary>What the page says.</summary>
    public Task<string> TextAsync() => Page.Locator("main").InnerTextAsync();

    /// <summary>No violation of the accessibility rules that axe checks.</summary>
    public async Task CheckAccessibilityAsync()
    {
        var found = await Page.RunAxe();
        Assert.True(
            found.Violations.Length == 0,
            string.Join("\n", found.Violations.SelectMany(v => v.Nodes.Select(n => $"{Page.Url}: {v.Id} ({v.Help}): {n.Html} – {string.Join("; ", n.Any.Select(a => a.Message))}"))));
    }

    /// <summary>Nothing is wider than the window.</summary>
    public async Task CheckWidthAsync()
    {
        var widths = await Page.EvaluateAsync<int[]>("[document.documentElement.scrollWidth, document.documentElement.clientWidth, document.body.scrollWidth]");
        Assert.True(widths[0] <= widths[1] && widths[2] <= widths[1], $"{Page.Url} is {widths[0]}/{widths[2]} wide in a window of {widths[1]}.");
    }

    /// <summary>Nothing went wrong in the browser.</summary>
    public void CheckFaults() => Assert.Empty(_faults);

    public Task ShootAsync(string name)
    {
        Directory.CreateDirectory(ConsoleSite.Screenshots);
        return Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(ConsoleSite.Screenshots, $"{name}.png"), FullPage = true });
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
