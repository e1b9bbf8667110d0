using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind domains</c>.</summary>
internal static class DomainsCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The domain, such as shop.example.com." };

    private static readonly View<DomainView> View = new View<DomainView>(
        d => d.Name,
        new("NAME", d => d.Name), new("STATE", d => d.State), new("CHECKED", d => Text.Time(d.CheckedAt)), new("REASON", d => d.Reason)).With(
        new("JOB", d => d.Job), new("RECORDS", d => d.Instructions is null ? null : Records(d.Instructions)));

    public static Command Define() => CommandBuilder.Group(
        "domains", "Host names of the customers' own.",
        CommandBuilder.List(
            "list", "Lists a tenant's domains.", [TenantsCommand.Code], [], View,
            (call, _, _, _) => call.Api.ListDomainsAsync(call.Get(TenantsCommand.Code), call.CancellationToken)),
        CommandBuilder.Make(
            "add", "Adds a domain; shows the records that its owner makes.", [TenantsCommand.Code, Name, Globals.NoWait],
            async call =>
            {
                var ordered = await call.Api.AddDomainAsync(
                    call.Get(TenantsCommand.Code), new AddDomainCommand { Name = call.Get(Name) }, cancellationToken: call.CancellationToken);
                if (ordered.Instructions is { } instructions)
                {
                    await call.Writer.SayAsync($"Records to make: {Records(instructions)}");
                }

                return await Jobs.JobFollower.FollowOrderAsync(call, ordered.Job);
            }),
        CommandBuilder.Show(
            "check", "Looks for a domain's records now.", [TenantsCommand.Code, Name], View,
            call => call.Api.ValidateDomainAsync(call.Get(TenantsCommand.Code), call.Get(Name), call.CancellationToken)),
        CommandBuilder.Order(
            "remove", "Takes a domain away.", [TenantsCommand.Code, Name, Globals.Yes],
            async call =>
            {
                await call.ConfirmAsync($"{call.Get(Name)} will no longer lead to {call.Get(TenantsCommand.Code)}.", call.Get(Name));
                return (await call.Api.RemoveDomainAsync(call.Get(TenantsCommand.Code), call.Get(Name), cancellationToken: call.CancellationToken)).Job;
            }));

    private static string Records(DomainInstructions instructions) =>
        string.Join("; ", instructions.Addresses.Append(instructions.Alias).Append(instructions.Proof).OfType<WantedRecord>()
            .Select(r => $"{Text.Clean(r.Name)} {Text.Clean(r.Type)} {Text.Clean(r.Value)}"));
}
