using Bibind.WebConsole.Texts;

namespace Bibind.WebConsole.Web;

/// <summary>How somebody wants to see the console, kept in cookies that say nothing else.</summary>
internal static class Preferences
{
    public const string LanguageCookie = "bibind-language";
    public const string ThemeCookie = "bibind-theme";

    /// <summary>Takes what was chosen and leads back.</summary>
    public static async Task<IResult> SetAsync(HttpContext context)
    {
        var form = await Forms.ReadAsync(context);
        Keep(context, LanguageCookie, form.GetValueOrDefault("language"), Words.Languages);
        Keep(context, ThemeCookie, form.GetValueOrDefault("theme"), ["auto", "light", "dark"]);
        return new SeeOther(Forms.LocalPath(form.GetValueOrDefault("return")));
    }

    private static void Keep(HttpContext context, string cookie, string? value, IReadOnlyList<string> allowed)
    {
        if (value is not null && allowed.Contains(value))
        {
            context.Response.Cookies.Append(cookie, value, new CookieOptions
            {
                Path = "/console",
                HttpOnly = true,
                IsEssential = true,
                SameSite = SameSiteMode.Lax,
                Secure = context.Request.IsHttps,
                MaxAge = TimeSpan.FromDays(365),
            });
        }
    }
}
