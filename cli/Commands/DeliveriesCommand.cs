using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind deliveries</c>.</summary>
internal static class DeliveriesCommand
{
    private static readonly Argument<string> Id = new("NOTICE") { Description = "The notice's number." };

    private static readonly View<NoticeView> Notice = new(
        n => Text.Number(n.Id),
        new("ID", n => Text.Number(n.Id)), new("KIND", n => n.Kind), new("TENANT", n => n.Tenant), new("RAISED", n => Text.Time(n.RaisedAt)), new("OVER", n => Text.Time(n.ClosedAt)),
        new("DELIVERIES", n => string.Join("; ", n.Deliveries.Select(d => $"{d.Channel} {d.Receiver} {d.State}"))));

    private static readonly View<WebhookDeliveryView> Webhook = new(
        w => Text.Time(w.ReceivedAt)!,
        new("RECEIVED", w => Text.Time(w.ReceivedAt)), new("CALLER", w => w.Caller), new("EVENT", w => w.Event), new("TENANT", w => w.Tenant), new("STATE", w => w.State),
        new("STATUS", w => Text.Number(w.Status), IsNumber: true), new("JOB", w => w.Job), new("REASON", w => w.Reason));

    public static Command Define() => CommandBuilder.Group(
        "deliveries", "What was told to customers and consoles, and what Odoo posted.",
        CommandBuilder.List(
            "list", "Lists notices with their deliveries, newest first.", [], ["kind", "tenant", "state"], Notice,
            (call, f, page, size) => call.Api.ListNoticesAsync(f["kind"], f["tenant"], f["state"], page, size, call.CancellationToken)),
        CommandBuilder.Make("show", "Shows a notice with every attempt.", [Id], async call =>
        {
            await call.Writer.WriteRawAsync(await call.Api.GetNoticeAsync(call.Get(Id), call.CancellationToken));
            return ExitCodes.Done;
        }),
        CommandBuilder.Show("resend", "Sends a notice again.", [Id], Notice, call => call.Api.ResendNoticeAsync(call.Get(Id), call.CancellationToken)),
        CommandBuilder.List(
            "received", "Lists what Odoo consoles posted, newest first.", [], ["state", "caller", "event", "tenant"], Webhook,
            (call, f, page, size) => call.Api.ListWebhookDeliveriesAsync(f["state"], f["caller"], f["event"], f["tenant"], page, size, call.CancellationToken)));
}
