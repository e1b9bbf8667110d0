namespace Bibind.Activities.Templates;

/// <summary>Who fills a template's database.</summary>
internal static class Initialisations
{
    /// <summary>The application's own program, on this machine.</summary>
    public const string OdooBin = "odoo-bin";

    /// <summary>The application's server, asked by JSON-RPC.</summary>
    public const string JsonRpc = "json-rpc";

    /// <summary>Somebody else.</summary>
    public const string None = "none";

    public static readonly IReadOnlyList<string> All = [OdooBin, JsonRpc, None];
}
