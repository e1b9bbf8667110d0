using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind customers</c>.</summary>
internal static class CustomersCommand
{
    private static readonly Argument<string> Code = new("CUSTOMER") { Description = "The customer's code." };

    private static readonly View<CustomerView> View = new(
        c => c.Code,
        new("CODE", c => c.Code), new("NAME", c => c.Name), new("EMAIL", c => c.Email), new("LANGUAGE", c => c.Language), new("TENANTS", c => Text.Number(c.Tenants), IsNumber: true));

    public static Command Define() => CommandBuilder.Group(
        "customers", "Who pays.",
        CommandBuilder.List(
            "list", "Lists customers.", [], ["search"], View,
            (call, f, page, size) => call.Api.ListCustomersAsync(f["search"], page, size, call.CancellationToken)),
        CommandBuilder.Show("show", "Shows a customer.", [Code], View, call => call.Api.GetCustomerAsync(call.Get(Code), call.CancellationToken)),
        CommandBuilder.List(
            "tenants", "Lists a customer's tenants.", [Code], ["state"], TenantsCommand.View,
            (call, f, page, size) => call.Api.ListCustomerTenantsAsync(call.Get(Code), f["state"], page, size, call.CancellationToken)));
}
