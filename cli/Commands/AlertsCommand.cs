using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind alerts</c>.</summary>
internal static class AlertsCommand
{
    private static readonly View<AlertView> View = new(
        a => Text.Number(a.Id),
        new("SEVERITY", a => a.Severity), new("KIND", a => a.Kind), new("SUBJECT", a => a.Subject), new("SINCE", a => Text.Time(a.Since)), new("OVER", a => Text.Time(a.ClosedAt)),
        new("REASON", a => a.Reason));

    public static Command Define() => CommandBuilder.List(
        "alerts", "Lists what is wrong now; with --filter state=closed, what was.", [], ["kind", "state"], View,
        (call, f, page, size) => call.Api.ListAlertsAsync(f["kind"], f["state"] ?? "open", page, size, call.CancellationToken));
}
