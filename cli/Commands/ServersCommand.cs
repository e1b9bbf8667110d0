using System.CommandLine;
using System.Globalization;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind servers</c>.</summary>
internal static class ServersCommand
{
    private static readonly Argument<string> Code = new("SERVER") { Description = "The server's code." };

    private static readonly View<ServerView> View = new View<ServerView>(
        s => s.Code,
        new("CODE", s => s.Code), new("STATE", s => s.State), new("HEALTH", s => s.Health), new("TENANTS", s => Text.Number(s.TenantCount), IsNumber: true),
        new("MOST", s => Text.Number(s.MaxTenants), IsNumber: true), new("FREE", s => string.Create(CultureInfo.InvariantCulture, $"{s.AvailableCapacityPercent} %"), IsNumber: true),
        new("REGION", s => s.Region), new("DRAINING", s => Text.YesOrNo(s.Draining))).With(
        new("NAME", s => s.Name), new("ADDRESS", s => s.Url), new("DATABASES", s => string.Create(CultureInfo.InvariantCulture, $"{s.DatabaseHost}:{s.DatabasePort}")),
        new("VERSION", s => s.ApplicationVersion), new("HEALTH REASON", s => s.HealthReason), new("CHECKED", s => Text.Time(s.LastCheck)));

    private static readonly View<ServerAlertView> Alert = new(
        a => a.Server,
        new("SERVER", a => a.Server), new("KIND", a => a.Kind), new("SINCE", a => Text.Time(a.RaisedAt)), new("OVER", a => Text.Time(a.ClearedAt)), new("REASON", a => a.Reason));

    private static readonly View<ConnectionTestResult> Check = new(
        c => Text.YesOrNo(c.Ok == true),
        new("APPLICATION", c => c.Application.Message), new("DATABASE", c => c.Database.Message));

    public static Command Define() => CommandBuilder.Group(
        "servers", "The servers that tenants are made on.",
        CommandBuilder.List(
            "list", "Lists servers.", [], ["state", "health", "region", "label"], View,
            (call, f, page, size) => call.Api.ListServersAsync(f["state"], f["health"], f["region"], f["label"], page, size, call.CancellationToken)),
        CommandBuilder.Show("show", "Shows a server.", [Code], View, call => call.Api.GetServerAsync(call.Get(Code), call.CancellationToken)),
        CommandBuilder.List(
            "tenants", "Lists a server's tenants.", [Code], ["state"], TenantsCommand.View,
            (call, f, page, size) => call.Api.ListServerTenantsAsync(call.Get(Code), f["state"], page, size, call.CancellationToken)),
        CommandBuilder.List(
            "alerts", "Lists what is or was wrong with servers.", [], ["open"], Alert,
            (call, f, page, size) => call.Api.ListServerAlertsAsync(f["open"], page, size, call.CancellationToken)),
        CommandBuilder.Make("check", "Tests the connections to a server.", [Code], async call =>
        {
            var result = await call.Api.CheckServerAsync(call.Get(Code), call.CancellationToken);
            await call.Writer.WriteAsync(result, Check);
            return result.Ok == true ? ExitCodes.Done : ExitCodes.Refused;
        }),
        CommandBuilder.Show(
            "activate", "Tests a server and opens it for tenants.", [Code, Globals.Reason], View,
            call => call.Api.ActivateServerAsync(call.Get(Code), new ActivateServer { Reason = call.Get(Globals.Reason) }, call.CancellationToken)),
        Steer("deactivate", "Disables a server that has no tenants.", (api, code, reason, token) => api.DeactivateServerAsync(code, reason, token)),
        Steer("maintenance", "Takes a server out for maintenance.", (api, code, reason, token) => api.MaintainServerAsync(code, reason, token)),
        Steer("drain", "Gives a server nothing new.", (api, code, reason, token) => api.DrainServerAsync(code, reason, token)),
        Steer("undrain", "Gives a server new tenants again.", (api, code, reason, token) => api.UndrainServerAsync(code, reason, token)));

    private static Command Steer(string name, string description, Func<BibindClient, string, ServerReason, CancellationToken, Task<ServerView>> act) =>
        CommandBuilder.Show(
            name, description, [Code, Globals.RequiredReason], View,
            call => act(call.Api, call.Get(Code), new ServerReason { Reason = call.Get(Globals.RequiredReason)! }, call.CancellationToken));
}
