using Bibind.WebConsole.Web;
using Microsoft.AspNetCore.Components;

namespace Bibind.WebConsole.Parts;

/// <summary>A part of a page: it shows what it is given, and knows who looks.</summary>
public abstract class Part : ComponentBase
{
    [CascadingParameter]
    public required View View { get; set; }

    /// <summary>An English text in the language of whoever looks.</summary>
    protected string T(string english) => View.Words[english];

    /// <summary>The same with values.</summary>
    protected string T(string english, params object?[] values) => View.Words.Format(english, values);
}
