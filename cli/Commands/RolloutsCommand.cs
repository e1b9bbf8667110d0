using System.CommandLine;
using System.Text.Json;
using Bibind.Cli.Jobs;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind rollouts</c>.</summary>
internal static class RolloutsCommand
{
    private static readonly Argument<string> Id = new("ROLLOUT") { Description = "The rollout's number." };

    private static readonly View<RolloutSummaryView> View = new View<RolloutSummaryView>(
        r => Text.Number(r.Id),
        new("ID", r => Text.Number(r.Id)), new("OFFER", r => r.Offer), new("VERSION", r => r.Version), new("STATE", r => r.State),
        new("TENANTS", r => Text.Number(r.Tenants), IsNumber: true), new("REQUESTED", r => Text.Time(r.RequestedAt)), new("ENDED", r => Text.Time(r.EndedAt))).With(
        new("STATE REASON", r => r.StateReason), new("PASSED OVER", r => Text.Number(r.PassedOver)), new("JOB", r => r.Job), new("BY", r => r.RequestedBy), new("REASON", r => r.Reason));

    private static readonly View<RolloutTenantView> Tenant = new(
        t => t.Tenant,
        new("TENANT", t => t.Tenant), new("WAVE", t => Text.Number(t.Wave), IsNumber: true), new("STATE", t => t.State), new("ATTEMPTS", t => Text.Number(t.Attempts), IsNumber: true),
        new("TOOK", t => t.TookMs is { } took ? Text.Duration(took) : null, IsNumber: true), new("CLOSED FOR", t => t.OutageMs is { } outage ? Text.Duration(outage) : null, IsNumber: true),
        new("REASON", t => t.Reason));

    public static Command Define() => CommandBuilder.Group(
        "rollouts", "A release or template version that reaches tenants in waves.",
        CommandBuilder.List(
            "list", "Lists rollouts, newest first.", [], ["state", "offer"], View,
            (call, f, page, size) => call.Api.ListRolloutsAsync(f["state"], f["offer"], page, size, call.CancellationToken)),
        CommandBuilder.Make("show", "Shows a rollout.", [Id], async call =>
        {
            var rollout = await call.Api.GetRolloutAsync(call.Get(Id), call.CancellationToken);
            await (call.Writer.Format is OutputFormat.Json or OutputFormat.Yaml ? call.Writer.WriteRawAsync(rollout) : call.Writer.WriteAsync(rollout.Summary, View));
            return ExitCodes.Done;
        }),
        CommandBuilder.List(
            "tenants", "Lists a rollout's tenants.", [Id], ["state", "wave"], Tenant,
            (call, f, page, size) => call.Api.ListRolloutTenantsAsync(call.Get(Id), f["state"], f["wave"], page, size, call.CancellationToken)),
        Start(),
        Steer("pause", "Begins no further tenant.", (api, id, reason, token) => api.PauseRolloutAsync(id, reason, cancellationToken: token)),
        Steer("resume", "Goes on.", (api, id, reason, token) => api.ResumeRolloutAsync(id, reason, cancellationToken: token)),
        Steer("cancel", "Ends a rollout; tenants that were reached stay as they are.", (api, id, reason, token) => api.CancelRolloutAsync(id, reason, cancellationToken: token)),
        SteerTenant("skip", "Leaves a tenant out.", (api, id, code, reason, token) => api.SkipRolloutTenantAsync(id, code, reason, cancellationToken: token)),
        SteerTenant("hold", "Lets a tenant wait.", (api, id, code, reason, token) => api.HoldRolloutTenantAsync(id, code, reason, cancellationToken: token)),
        SteerTenant("release", "Lets a held tenant go on.", (api, id, code, reason, token) => api.ReleaseRolloutTenantAsync(id, code, reason, cancellationToken: token)),
        SteerTenant("retry", "Tries a failed tenant again.", (api, id, code, reason, token) => api.RetryRolloutTenantAsync(id, code, reason, cancellationToken: token)),
        SteerTenant("rollback", "Brings a tenant back to before.", (api, id, code, reason, token) => api.RollBackRolloutTenantAsync(id, code, reason, cancellationToken: token)));

    private static Command Start()
    {
        var file = new Option<FileInfo>("--file", "-f") { Description = "The order as POST /api/rollouts takes it, in JSON.", HelpName = "FILE", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only says which tenants it would reach." };
        return CommandBuilder.Make("start", "Starts a rollout.", [file, dryRun, Globals.NoWait], async call =>
        {
            var order = await ReadAsync<StartRollout>(call.Get(file)!, call.CancellationToken);
            if (call.Get(dryRun))
            {
                order.DryRun = true;
            }

            var ordered = await Accepted.OrderAsync<RolloutPreview, RolloutAccepted>(() => call.Api.StartRolloutAsync(order, cancellationToken: call.CancellationToken));
            if (ordered.Accepted is { } accepted)
            {
                return await JobFollower.FollowOrderAsync(call, accepted.Job);
            }

            await call.Writer.WriteRawAsync(ordered.Preview!);
            return ExitCodes.Done;
        });
    }

    private static async Task<T> ReadAsync<T>(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = file.OpenRead();
            return await JsonSerializer.DeserializeAsync<T>(stream, BibindClient.Json, cancellationToken) ?? throw new CommandException($"{file} is empty.", ExitCodes.Usage);
        }
        catch (Exception wrong) when (wrong is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{file} cannot be read: {wrong.Message}", ExitCodes.Usage);
        }
    }

    private static Command Steer(string name, string description, Func<BibindClient, string, SteerRollout, CancellationToken, Task<RolloutSummaryView>> act) =>
        CommandBuilder.Show(
            name, description, [Id, Globals.RequiredReason], View,
            call => act(call.Api, call.Get(Id), new SteerRollout { Reason = call.Get(Globals.RequiredReason)! }, call.CancellationToken));

    private static Command SteerTenant(
        string name, string description, Func<BibindClient, string, string, SteerRollout, CancellationToken, Task<RolloutTenantView>> act) =>
        CommandBuilder.Show(
            name, description, [Id, TenantsCommand.Code, Globals.RequiredReason], Tenant,
            call => act(call.Api, call.Get(Id), call.Get(TenantsCommand.Code), new SteerRollout { Reason = call.Get(Globals.RequiredReason)! }, call.CancellationToken));
}
