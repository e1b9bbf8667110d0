using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind registrations</c>.</summary>
internal static class RegistrationsCommand
{
    private static readonly Argument<string> Id = new("REGISTRATION") { Description = "The registration's number." };

    private static readonly View<RegistrationView> View = new(
        r => Text.Number(r.Id),
        new("ID", r => Text.Number(r.Id)), new("CODE", r => r.Code), new("STATE", r => r.State), new("OFFER", r => r.Offer), new("CREATED", r => Text.Time(r.CreatedAt)),
        new("UNTIL", r => Text.Time(r.ExpiresAt)), new("JOB", r => r.Job), new("REASON", r => r.Reason));

    public static Command Define() => CommandBuilder.Group(
        "registrations", "Who asked for a trial.",
        CommandBuilder.List(
            "list", "Lists registrations, newest first.", [], ["state"], View,
            (call, f, page, size) => call.Api.ListRegistrationsAsync(f["state"], page, size, call.CancellationToken)),
        CommandBuilder.Make("withdraw", "Takes an open registration back.", [Id, Globals.Yes], async call =>
        {
            await call.ConfirmAsync($"Registration {call.Get(Id)} will be withdrawn.", call.Get(Id));
            await call.Api.WithdrawRegistrationAsync(call.Get(Id), call.CancellationToken);
            return ExitCodes.Done;
        }));
}
