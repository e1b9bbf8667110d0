using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind audit</c>.</summary>
internal static class AuditCommand
{
    private static readonly View<AuditView> View = new(
        a => Text.Number(a.Id),
        new("AT", a => Text.Time(a.At)), new("WHO", a => a.Actor), new("ROLE", a => a.Role), new("FROM", a => a.Address), new("ACTION", a => a.Action), new("SUBJECT", a => a.Subject),
        new("RESULT", a => a.Result), new("STATUS", a => Text.Number(a.Status), IsNumber: true), new("REASON", a => a.Reason));

    public static Command Define() => CommandBuilder.List(
        "audit", "Lists who changed what, newest first.", [], ["who", "subject", "from", "to", "unfinished"], View,
        (call, f, page, size) => call.Api.ListAuditAsync(f["who"], f["subject"], f["from"], f["to"], f["unfinished"], page, size, call.CancellationToken));
}
