using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind billing</c>.</summary>
internal static class BillingCommand
{
    private static readonly Argument<string> Id = new("MESSAGE") { Description = "The message's id." };

    private static readonly View<BillingMessageView> View = new(
        m => m.Id,
        new("ID", m => m.Id), new("TYPE", m => m.Type), new("TENANT", m => m.Tenant), new("SEQUENCE", m => Text.Number(m.Sequence), IsNumber: true), new("STATE", m => m.State),
        new("CAUSE", m => m.Cause), new("RECEIVED", m => Text.Time(m.ReceivedAt)), new("REASON", m => m.Reason));

    private static readonly View<BillingMessageDetails> Details = new(
        m => m.Message.Id,
        new("ID", m => m.Message.Id), new("TYPE", m => m.Message.Type), new("TENANT", m => m.Message.Tenant), new("SEQUENCE", m => Text.Number(m.Message.Sequence)),
        new("STATE", m => m.Message.State), new("REASON", m => m.Message.Reason), new("JOB", m => m.Message.Job), new("DATA", m => m.Data?.ToJsonString()));

    private static readonly View<SubscriptionView> Subscription = new(
        s => s.Tenant,
        new("TENANT", s => s.Tenant), new("STATE", s => s.State), new("PLAN", s => s.Plan), new("PERIOD", s => s.Period), new("PAID UNTIL", s => Text.Time(s.PaidUntil)),
        new("PENDING", s => s.Pending is null ? null : JsonSerializer.Serialize(s.Pending, BibindClient.Json)));

    private static readonly View<FindingView> Finding = new(
        f => Text.Number(f.Id),
        new("TENANT", f => f.Tenant), new("KIND", f => f.Kind), new("SUBJECT", f => f.Subject), new("STATE", f => f.State), new("SINCE", f => Text.Time(f.Since)),
        new("SEEN", f => f.Seen), new("REMEDY", f => f.Remedy));

    public static Command Define() => CommandBuilder.Group(
        "billing", "What billing says, and what became of it.",
        CommandBuilder.List(
            "messages", "Lists billing's messages, newest first.", [], ["state", "tenant"], View,
            (call, f, page, size) => call.Api.ListBillingMessagesAsync(f["state"], f["tenant"], page, size, call.CancellationToken)),
        CommandBuilder.Show("show", "Shows a message with its data.", [Id], Details, call => call.Api.GetBillingMessageAsync(call.Get(Id), call.CancellationToken)),
        CommandBuilder.Show("replay", "Applies a parked message again.", [Id], Details, call => call.Api.ReplayBillingMessageAsync(call.Get(Id), call.CancellationToken)),
        Correct(),
        CommandBuilder.Make("delete", "Gives a parked message up.", [Id, Globals.RequiredReason, Globals.Yes], async call =>
        {
            await call.ConfirmAsync($"The message {call.Get(Id)} will never be applied.", call.Get(Id));
            await call.Api.DeleteBillingMessageAsync(call.Get(Id), call.Get(Globals.RequiredReason), call.CancellationToken);
            return ExitCodes.Done;
        }),
        CommandBuilder.List(
            "subscriptions", "Lists subscriptions.", [], ["state", "customer", "plan"], Subscription,
            (call, f, page, size) => call.Api.ListSubscriptionsAsync(f["state"], f["customer"], f["plan"], page, size, call.CancellationToken)),
        Reconcile());

    private static Command Correct()
    {
        var data = new Option<string>("--data") { Description = "The message's data in JSON; @FILE reads a file, - the standard input.", HelpName = "JSON", Required = true };
        var type = new Option<string?>("--type") { Description = "Another type.", HelpName = "TYPE" };
        return CommandBuilder.Show("correct", "Corrects a parked message; replay applies it.", [Id, data, type, Globals.RequiredReason], Details, async call =>
        {
            var text = call.Get(data)!;
            text = text == "-" ? await Console.In.ReadToEndAsync(call.CancellationToken)
                : text.StartsWith('@') ? await ReadFileAsync(text[1..], call.CancellationToken)
                : text;
            JsonNode? parsed;
            try
            {
                parsed = JsonNode.Parse(text);
            }
            catch (JsonException wrong)
            {
                throw new CommandException($"--data is no JSON: {wrong.Message}", ExitCodes.Usage);
            }

            return await call.Api.CorrectBillingMessageAsync(
                call.Get(Id), new CorrectBillingMessage { Data = parsed ?? throw new CommandException("--data must be a JSON object.", ExitCodes.Usage), Type = call.Get(type), Reason = call.Get(Globals.RequiredReason)! }, call.CancellationToken);
        });
    }

    private static Command Reconcile()
    {
        var run = new Option<bool>("--run") { Description = "Compares again first: what is found is listed once it was seen twice." };
        var tenant = new Option<string?>("--tenant") { Description = "One tenant; all otherwise.", HelpName = "CODE" };
        return CommandBuilder.Make("reconcile", "Lists where tenants are not what the records say.", [run, tenant, Globals.Limit], async call =>
        {
            if (call.Get(run))
            {
                await call.Api.RunReconciliationAsync(new RunReconciliation { Tenant = call.Get(tenant) }, call.CancellationToken);
                await call.Writer.SayAsync("The comparison was ordered.");
            }

            var size = call.Get(Globals.Limit) is var limit && limit is > 0 and <= 200 ? limit : 200;
            var found = await call.Api.ListReconciliationAsync(call.Get(tenant), null, null, 1, size, call.CancellationToken);
            await call.Writer.WriteListAsync([.. found.Items], Finding);
            if (found.Items.Count < found.Total)
            {
                await call.Writer.SayAsync($"{found.Items.Count} of {found.Total} are shown.");
            }

            return ExitCodes.Done;
        });
    }

    private static async Task<string> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be read: {unreadable.Message}", ExitCodes.Usage);
        }
    }
}
