using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind tenants</c>.</summary>
internal static class TenantsCommand
{
    /// <summary>A tenant's code, in several commands.</summary>
    public static Argument<string> Code { get; } = new("TENANT") { Description = "The tenant's code." };

    public static View<TenantView> View { get; } = new View<TenantView>(
        t => t.Code,
        new("CODE", t => t.Code), new("STATE", t => t.State), new("HOST", t => t.Host), new("PLAN", t => t.Plan), new("SERVER", t => t.Server),
        new("CREATED", t => Text.Time(t.CreatedAt))).With(
        new("NAME", t => t.Name), new("CUSTOMER", t => t.Customer), new("OFFER", t => t.Offer), new("TEMPLATE", t => t.Template), new("RELEASE", t => t.Release),
        new("ADDRESS", t => t.BaseUrl), new("USERS", t => Text.Number(t.Users)), new("DATABASE", t => Text.Bytes(t.DatabaseBytes)),
        new("STORAGE", t => Text.Bytes(t.StorageBytes)), new("PENDING", t => t.PendingItems is { Count: > 0 } items ? string.Join("; ", items.Select(i => $"{i.Kind}: {i.Reason}")) : null),
        new("REASON", t => t.Reason), new("ENDED", t => Text.Time(t.EndedAt)));

    private static readonly View<UsagePointView> Usage = new(
        u => Text.Time(u.At)!,
        new("AT", u => Text.Time(u.At)), new("PERIOD", u => u.Period), new("USERS", u => Text.Number(u.Users), IsNumber: true),
        new("DATABASE", u => Text.Bytes(u.DatabaseBytes), IsNumber: true), new("FILES", u => Text.Bytes(u.FileStoreBytes), IsNumber: true),
        new("BUCKET", u => Text.Bytes(u.BucketBytes), IsNumber: true));

    private static readonly View<TenantCredentials> Credentials = new View<TenantCredentials>(
        c => c.Url,
        new("ADDRESS", c => c.Url), new("ADMINISTRATOR", c => c.Administrator?.Login), new("PASSWORD", c => c.Administrator?.Password)).With(
        new("USER", c => c.User?.Login), new("USER PASSWORD", c => c.User?.Password), new("PENDING", c => c.Pending is { Count: > 0 } p ? string.Join(", ", p) : null));

    public static Command Define() => CommandBuilder.Group(
        "tenants", "The customers' instances.",
        CommandBuilder.List(
            "list", "Lists tenants, newest first.", [], ["state", "pending", "stagingOf"], View,
            (call, f, page, size) => call.Api.ListTenantsAsync(f["state"], f["pending"], f["stagingOf"], page, size, call.CancellationToken)),
        CommandBuilder.Show("show", "Shows a tenant.", [Code], View, call => call.Api.GetTenantAsync(call.Get(Code), call.CancellationToken)),
        Create(),
        Suspend(),
        CommandBuilder.Order(
            "resume", "Opens a suspended tenant.", [Code], async call => (await call.Api.ResumeTenantAsync(call.Get(Code), cancellationToken: call.CancellationToken)).Job),
        Destroy(),
        ChangePlan(),
        CommandBuilder.Order(
            "bring-back", "Makes a removed tenant again of its last backup.", [Code],
            async call => (await call.Api.BringBackTenantAsync(call.Get(Code), cancellationToken: call.CancellationToken)).Job),
        RevealCredentials(),
        ResetCredentials(),
        CommandBuilder.List(
            "usage", "Lists what a tenant used, newest first.", [Code], ["from", "to"], Usage,
            (call, f, page, size) => call.Api.ListTenantUsageAsync(call.Get(Code), f["from"], f["to"], page, size, call.CancellationToken)));

    private static Command Create()
    {
        var name = new Option<string>("--name") { Description = "The company, as its Odoo shows it.", HelpName = "NAME", Required = true };
        var offer = new Option<string>("--offer") { Description = "What is ordered.", HelpName = "CODE", Required = true };
        var plan = new Option<string?>("--plan") { Description = "The offer's plan unless given.", HelpName = "CODE" };
        var template = new Option<string?>("--template") { Description = "The offer's template unless given.", HelpName = "CODE" };
        var customer = new Option<string?>("--customer") { Description = "Whose it is.", HelpName = "CODE" };
        var email = new Option<string?>("--email") { Description = "The person's address; their login.", HelpName = "ADDRESS" };
        var person = new Option<string?>("--person") { Description = "The person's name.", HelpName = "NAME" };
        var region = new Option<string?>("--region") { Description = "Where, if not anywhere.", HelpName = "REGION" };
        var language = new Option<string?>("--language") { Description = "Such as fr_FR.", HelpName = "CODE" };
        var country = new Option<string?>("--country") { Description = "Such as FR.", HelpName = "CODE" };
        return CommandBuilder.Order(
            "create", "Orders a tenant.", [Code, name, offer, plan, template, customer, email, person, region, language, country],
            async call =>
            {
                var locale = call.Get(language) is null && call.Get(country) is null ? null : new TenantLocale { Language = call.Get(language), Country = call.Get(country) };
                var order = new CreateTenant
                {
                    Code = call.Get(Code),
                    Name = call.Get(name)!,
                    Offer = call.Get(offer)!,
                    Plan = call.Get(plan),
                    Template = call.Get(template),
                    Customer = call.Get(customer),
                    CustomerEmail = call.Get(email),
                    CustomerName = call.Get(person),
                    Region = call.Get(region),
                    Locale = locale,
                };
                return (await call.Api.OrderTenantAsync(order, cancellationToken: call.CancellationToken)).Job;
            });
    }

    private static Command Suspend()
    {
        var cause = new Option<string>("--cause") { Description = "payment or operator; visitors are told which.", HelpName = "CAUSE", DefaultValueFactory = _ => "payment" };
        return CommandBuilder.Order(
            "suspend", "Closes a tenant; its data stays.", [Code, cause, Globals.RequiredReason, Globals.Yes],
            async call =>
            {
                await call.ConfirmAsync($"{call.Get(Code)} will be closed to everybody.", call.Get(Code));
                var command = new SuspendTenantCommand { Cause = call.Get(cause)!, Reason = call.Get(Globals.RequiredReason)! };
                return (await call.Api.SuspendTenantAsync(call.Get(Code), command, cancellationToken: call.CancellationToken)).Job;
            });
    }

    private static Command Destroy()
    {
        var without = new Option<bool>("--no-final-backup") { Description = "Takes no last backup: what is not in an earlier one is lost." };
        return CommandBuilder.Order(
            "destroy", "Removes a tenant with everything that it has.", [Code, without, Globals.Yes],
            async call =>
            {
                var backup = call.Get(without) ? "without a last backup" : "after a last backup";
                await call.ConfirmAsync($"{call.Get(Code)} will be removed {backup}.", call.Get(Code));
                return (await call.Api.DestroyTenantAsync(call.Get(Code), call.Get(without) ? "false" : "true", cancellationToken: call.CancellationToken)).Job;
            });
    }

    private static Command ChangePlan()
    {
        var plan = new Option<string>("--plan") { Description = "The plan to come.", HelpName = "CODE", Required = true };
        return CommandBuilder.Order(
            "change-plan", "Gives a tenant another plan.", [Code, plan, Globals.RequiredReason],
            async call => (await call.Api.ChangeTenantPlanAsync(
                call.Get(Code), new ChangeTenantPlan { Plan = call.Get(plan)!, Reason = call.Get(Globals.RequiredReason)! }, cancellationToken: call.CancellationToken)).Job);
    }

    private static Command RevealCredentials() => CommandBuilder.Make(
        "credentials", "Shows a tenant's passwords, once.", [Code, Globals.Yes], async call =>
        {
            await call.ConfirmAsync("The passwords are shown this one time.", call.Get(Code));
            var revealed = await call.Api.RevealCredentialsAsync(call.Get(Code), cancellationToken: call.CancellationToken);
            await call.Writer.WriteAsync(revealed, Credentials);
            return ExitCodes.Done;
        });

    private static Command ResetCredentials() => CommandBuilder.Order(
        "reset-credentials", "Gives a tenant new passwords, to be shown once.", [Code, Globals.Yes],
        async call =>
        {
            await call.ConfirmAsync("The present passwords end.", call.Get(Code));
            return (await call.Api.ResetCredentialsAsync(call.Get(Code), cancellationToken: call.CancellationToken)).Job;
        });
}
