using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind support</c>.</summary>
internal static class SupportCommand
{
    private static readonly Argument<string> Id = new("ACCESS") { Description = "The access's number." };

    private static readonly View<SupportAccessView> View = new View<SupportAccessView>(
        a => Text.Number(a.Id),
        new("ID", a => Text.Number(a.Id)), new("TENANT", a => a.Tenant), new("STATE", a => a.State), new("LEVEL", a => a.Level), new("BY", a => a.RequestedBy),
        new("REQUESTED", a => Text.Time(a.RequestedAt)), new("UNTIL", a => Text.Time(a.ExpiresAt)), new("REASON", a => a.Reason)).With(
        new("CONSENT UNTIL", a => Text.Time(a.ConsentUntil)), new("DECIDED BY", a => a.DecidedBy), new("DECISION", a => a.DecisionReason), new("OPENED", a => Text.Time(a.OpenedAt)),
        new("REVOKED BY", a => a.RevokedBy), new("ENDED", a => Text.Time(a.EndedAt)), new("LOGIN", a => a.Login), new("FAILURE", a => a.Failure),
        new("LEFT", a => a.Left is { Count: > 0 } left ? string.Join("; ", left) : null), new("JOB", a => a.Job));

    private static readonly View<SupportCredentials> Credentials = new(
        c => c.Url,
        new("ADDRESS", c => c.Url), new("LOGIN", c => c.Login), new("PASSWORD", c => c.Password), new("UNTIL", c => Text.Time(c.ExpiresAt)));

    public static Command Define() => CommandBuilder.Group(
        "support", "Operators in tenants' applications.",
        Request(),
        CommandBuilder.List(
            "list", "Lists accesses to a tenant's application, newest first.", [TenantsCommand.Code], ["state"], View,
            (call, f, page, size) => call.Api.ListSupportAccessesAsync(call.Get(TenantsCommand.Code), f["state"], page, size, call.CancellationToken)),
        CommandBuilder.Show(
            "show", "Shows an access.", [TenantsCommand.Code, Id], View,
            call => call.Api.GetSupportAccessAsync(call.Get(TenantsCommand.Code), call.Get(Id), call.CancellationToken)),
        Decide("approve", "Lets an operator in; the customer alone can.", (api, code, id, decision, cancellation) => api.ApproveSupportAccessAsync(code, id, decision, cancellation)),
        Decide("refuse", "Keeps an operator out; the customer alone can.", (api, code, id, decision, cancellation) => api.RefuseSupportAccessAsync(code, id, decision, cancellation)),
        Decide("revoke", "Ends an access, or withdraws the request.", (api, code, id, decision, cancellation) => api.RevokeSupportAccessAsync(code, id, decision, cancellation)),
        RevealCredentials());

    private static Command Request()
    {
        var level = new Option<string?>("--level") { Description = "user (unless given) or administrator.", HelpName = "LEVEL" };
        var minutes = new Option<int?>("--minutes") { Description = "How long; by the settings unless given.", HelpName = "N" };
        return CommandBuilder.Make(
            "request", "Asks to enter a tenant's application for a while.", [TenantsCommand.Code, level, minutes, Globals.RequiredReason], async call =>
            {
                var wish = new RequestSupportAccess { Reason = call.Get(Globals.RequiredReason)!, Level = call.Get(level), Minutes = call.Get(minutes) };
                await call.Writer.WriteAsync(await call.Api.RequestSupportAccessAsync(call.Get(TenantsCommand.Code), wish, call.CancellationToken), View);
                return ExitCodes.Done;
            });
    }

    private static Command Decide(
        string name, string description, Func<BibindClient, string, string, DecideSupportAccess, CancellationToken, Task<SupportAccessView>> decide) =>
        CommandBuilder.Make(name, description, [TenantsCommand.Code, Id, Globals.Reason], async call =>
        {
            var decision = new DecideSupportAccess { Reason = call.Get(Globals.Reason) };
            await call.Writer.WriteAsync(await decide(call.Api, call.Get(TenantsCommand.Code)!, call.Get(Id)!, decision, call.CancellationToken), View);
            return ExitCodes.Done;
        });

    private static Command RevealCredentials() => CommandBuilder.Make(
        "credentials", "Shows the credentials of your open access, once.", [TenantsCommand.Code, Id, Globals.Yes], async call =>
        {
            await call.ConfirmAsync("The password is shown this one time.", call.Get(Id));
            await call.Writer.WriteAsync(
                await call.Api.RevealSupportCredentialsAsync(call.Get(TenantsCommand.Code), call.Get(Id), cancellationToken: call.CancellationToken), Credentials);
            return ExitCodes.Done;
        });
}
