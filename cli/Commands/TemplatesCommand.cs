using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind templates</c>.</summary>
internal static class TemplatesCommand
{
    private static readonly Argument<string> Code = new("TEMPLATE") { Description = "The template's code." };
    private static readonly Argument<string> Number = new("NUMBER") { Description = "The version's number." };
    private static readonly Option<string?> Server = new("--server") { Description = "On this server, where a template is on several.", HelpName = "CODE" };

    private static readonly View<TemplateView> View = new View<TemplateView>(
        t => t.Code,
        new("CODE", t => t.Code), new("SERVER", t => t.Server), new("STATE", t => t.State), new("VERSION", t => t.Version), new("LANGUAGE", t => t.Language),
        new("SIZE", t => Text.Bytes(t.Bytes), IsNumber: true), new("POOL", t => Text.Number(t.WarmPoolSize), IsNumber: true), new("READY", t => Text.Time(t.ReadyAt)));

    private static readonly View<TemplateVersionView> Version = new(
        v => Text.Number(v.Number),
        new("NUMBER", v => Text.Number(v.Number), IsNumber: true), new("SERVER", v => v.Server), new("STATE", v => v.State), new("VERSION", v => v.Version),
        new("TENANTS", v => Text.Number(v.Tenants), IsNumber: true), new("CANARY", v => v.CanaryPercent == 0 ? null : FormattableString.Invariant($"{v.CanaryPercent} %"), IsNumber: true),
        new("CREATED", v => Text.Time(v.CreatedAt)), new("REASON", v => v.Reason));

    public static Command Define() => CommandBuilder.Group(
        "templates", "The databases that tenants are cloned from.",
        CommandBuilder.List(
            "list", "Lists templates.", [], ["server", "state"], View,
            (call, f, _, _) => call.Api.ListTemplatesAsync(f["server"], f["state"], call.CancellationToken)),
        CommandBuilder.List(
            "show", "Shows a template on each of its servers.", [Code, Server], [], View,
            (call, _, _, _) => call.Api.GetTemplateAsync(call.Get(Code), call.Get(Server), call.CancellationToken)),
        CommandBuilder.List(
            "versions", "Lists a template's versions, newest first.", [Code, Server], [], Version,
            (call, _, page, size) => call.Api.ListTemplateVersionsAsync(call.Get(Code), call.Get(Server), page, size, call.CancellationToken)),
        Create(),
        Promote(),
        CommandBuilder.Show(
            "rollback", "Takes a promoted version back.", [Code, Number, Server, Globals.RequiredReason], Version,
            call => call.Api.RollBackTemplateVersionAsync(call.Get(Code), call.Get(Number), ReasonOf(call), call.Get(Server), call.CancellationToken)),
        CommandBuilder.Show(
            "retire", "Makes no more tenants of a version.", [Code, Number, Server, Globals.RequiredReason], Version,
            call => call.Api.RetireTemplateVersionAsync(call.Get(Code), call.Get(Number), ReasonOf(call), call.Get(Server), call.CancellationToken)));

    private static Command Create()
    {
        var on = new Option<string>("--server") { Description = "Where.", HelpName = "CODE", Required = true };
        var modules = new Option<string[]>("--module") { Description = "A module to install; may be repeated.", HelpName = "NAME" };
        var language = new Option<string?>("--language") { Description = "Such as fr_FR.", HelpName = "CODE" };
        var country = new Option<string?>("--country") { Description = "Such as FR.", HelpName = "CODE" };
        return CommandBuilder.Order(
            "create", "Makes a template.", [Code, on, modules, language, country],
            async call => (await call.Api.CreateTemplateAsync(
                new CreateTemplate
                {
                    Code = call.Get(Code),
                    Server = call.Get(on)!,
                    Modules = call.Get(modules) is { Length: > 0 } names ? names : null,
                    Language = call.Get(language),
                    Country = call.Get(country),
                },
                cancellationToken: call.CancellationToken)).Job);
    }

    private static Command Promote()
    {
        var canary = new Option<int?>("--canary-percent") { Description = "For so many of a hundred new tenants; all of them unless given.", HelpName = "N" };
        return CommandBuilder.Order(
            "promote", "Makes new tenants of a version.", [Code, Number, Server, canary, Globals.RequiredReason],
            async call => (await call.Api.PromoteTemplateVersionAsync(
                call.Get(Code), call.Get(Number), new PromoteTemplateVersion { CanaryPercent = call.Get(canary), Reason = call.Get(Globals.RequiredReason)! },
                call.Get(Server), cancellationToken: call.CancellationToken)).Job);
    }

    private static TemplateVersionReason ReasonOf(CommandCall call) => new() { Reason = call.Get(Globals.RequiredReason)! };
}
