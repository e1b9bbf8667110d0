using System.Text;
using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>A page, rendered wholly before its first byte goes out: what fails is a page of its own.</summary>
/// <param name="page">The component.</param>
/// <param name="title">In the language of whoever looks.</param>
/// <param name="model">Its parameters.</param>
/// <param name="status">The HTTP status.</param>
internal sealed class PageResult(Type page, string title, IReadOnlyDictionary<string, object?> model, View view, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>A page about a problem, with its status.</summary>
    public static PageResult Of(ApiProblem problem, View view) => new(
        typeof(ProblemPage), problem.Title, new Dictionary<string, object?> { ["Problem"] = problem }, view, problem.Status);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using var renderer = new HtmlRenderer(httpContext.RequestServices, httpContext.RequestServices.GetRequiredService<ILoggerFactory>());
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
            {
                [nameof(Layout.Title)] = title,
                [nameof(Layout.View)] = view,
                [nameof(Layout.ChildContent)] = (RenderFragment)(builder =>
                {
                    builder.OpenComponent(0, page);
                    builder.AddMultipleAttributes(1, model.Where(m => m.Value is not null).Select(m => KeyValuePair.Create(m.Key, m.Value!)));
                    builder.CloseComponent();
                }),
            });
            return (await renderer.RenderComponentAsync<Layout>(parameters)).ToHtmlString();
        });

        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        var bytes = Encoding.UTF8.GetBytes("<!DOCTYPE html>\n" + html);
        await Compression.WriteAsync(httpContext, bytes);
    }
}
