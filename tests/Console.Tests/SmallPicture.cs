using Microsoft.Playwright;

namespace Bibind.WebConsole.Tests;

/// <summary>Photographs a page so that the picture can lie in a repository.</summary>
internal static class SmallPicture
{
    public static Task<byte[]> OfAsync(IPage page) => page.ScreenshotAsync(new PageScreenshotOptions { Animations = ScreenshotAnimations.Disabled, Caret = ScreenshotCaret.Hide, Scale = ScreenshotScale.Css });
}
