using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind tokens</c>.</summary>
internal static class TokensCommand
{
    private static readonly Argument<string> Id = new("TOKEN") { Description = "The token's number." };

    private static readonly View<OperatorTokenView> View = new(
        t => Text.Number(t.Id),
        new("ID", t => Text.Number(t.Id)), new("NAME", t => t.Name), new("ROLE", t => t.Role), new("CUSTOMER", t => t.Customer), new("STATE", t => t.State), new("HINT", t => t.Hint),
        new("UNTIL", t => Text.Time(t.ExpiresAt)), new("USED", t => Text.Time(t.UsedAt)), new("BY", t => t.CreatedBy));

    private static readonly View<OperatorTokenSecret> Secret = new(
        t => t.Token, new("ID", t => Text.Number(t.Info.Id)), new("TOKEN", t => t.Token), new("ROLE", t => t.Info.Role), new("UNTIL", t => Text.Time(t.Info.ExpiresAt)));

    public static Command Define() => CommandBuilder.Group(
        "tokens", "Operators' and customers' tokens.",
        CommandBuilder.List(
            "list", "Lists tokens, without the tokens themselves.", [], [], View,
            (call, _, page, size) => call.Api.ListOperatorTokensAsync(page, size, call.CancellationToken)),
        Create(),
        CommandBuilder.Make("revoke", "Ends a token at once, at every host.", [Id, Globals.Yes], async call =>
        {
            await call.ConfirmAsync($"Token {call.Get(Id)} opens nothing any more.", call.Get(Id));
            await call.Api.RevokeOperatorTokenAsync(call.Get(Id), call.CancellationToken);
            return ExitCodes.Done;
        }));

    private static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Whom it belongs to." };
        var role = new Option<string>("--role") { Description = "viewer, manager or admin; no more than you have.", HelpName = "ROLE", Required = true };
        var customer = new Option<string?>("--customer") { Description = "Reaches this customer's tenants only.", HelpName = "CODE" };
        var expires = new Option<DateTimeOffset?>("--expires-at") { Description = "In a year unless given.", HelpName = "TIME" };
        return CommandBuilder.Show(
            "create", "Makes a token; it is shown this once.", [name, role, customer, expires, Globals.Reason], Secret,
            call => call.Api.CreateOperatorTokenAsync(
                new CreateOperatorToken
                {
                    Name = call.Get(name),
                    Role = call.Get(role)!,
                    Customer = call.Get(customer),
                    ExpiresAt = call.Get(expires),
                    Reason = call.Get(Globals.Reason),
                },
                call.CancellationToken));
    }
}
