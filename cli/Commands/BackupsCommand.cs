using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind backups</c>.</summary>
internal static class BackupsCommand
{
    private static readonly Argument<string> Id = new("BACKUP") { Description = "The backup's id." };

    private static readonly View<BackupView> View = new(
        b => b.Id,
        new("ID", b => b.Id), new("KIND", b => b.Kind), new("CREATED", b => Text.Time(b.CreatedAt)), new("SIZE", b => Text.Bytes(b.Bytes), IsNumber: true),
        new("VERIFIED", b => Text.Time(b.VerifiedAt)), new("KEPT-UNTIL", b => Text.Time(b.KeptUntil)), new("PROBLEM", b => b.TrialFailure));

    private static readonly View<MissingBackupView> Missing = new(
        m => m.Tenant,
        new("TENANT", m => m.Tenant), new("SERVER", m => m.Server), new("SCHEDULE", m => m.Schedule), new("LAST", m => Text.Time(m.LastBackupAt)),
        new("EXPECTED", m => Text.Time(m.ExpectedBy)), new("REASON", m => m.Reason));

    private static readonly View<BackupLink> Link = new(
        l => l.Url.ToString(),
        new("ADDRESS", l => l.Url.ToString()), new("UNTIL", l => Text.Time(l.ExpiresAt)), new("SIZE", l => Text.Bytes(l.Bytes)), new("SHA256", l => l.Sha256));

    public static Command Define() => CommandBuilder.Group(
        "backups", "Stored copies of tenants.",
        CommandBuilder.List(
            "list", "Lists a tenant's backups, newest first.", [TenantsCommand.Code], [], View,
            (call, _, _, _) => call.Api.ListBackupsAsync(call.Get(TenantsCommand.Code), call.CancellationToken)),
        CommandBuilder.List(
            "missing", "Lists tenants that lack the backup that their plan promises.", [], [], Missing,
            (call, _, page, size) => call.Api.ListMissingBackupsAsync(page, size, call.CancellationToken)),
        CommandBuilder.Order(
            "create", "Backs a tenant up now.", [TenantsCommand.Code],
            async call => (await call.Api.BackUpTenantAsync(call.Get(TenantsCommand.Code), cancellationToken: call.CancellationToken)).Job),
        Restore(),
        CommandBuilder.Order(
            "verify", "Restores a backup into a scratch database and looks whether it works.", [Id],
            async call => (await call.Api.VerifyBackupAsync(call.Get(Id), cancellationToken: call.CancellationToken)).Job),
        CommandBuilder.Show(
            "confirm", "Confirms the change before which a backup was taken: it is kept only as the plan says.", [Id], View,
            call => call.Api.ConfirmBackupAsync(call.Get(Id), call.CancellationToken)),
        Download());

    private static Command Restore()
    {
        var tenant = new Option<string?>("--tenant") { Description = "Into this tenant; a backup of what it has now is kept until confirmed.", HelpName = "CODE" };
        var code = new Option<string?>("--new-tenant") { Description = "Into a new tenant with this code.", HelpName = "CODE" };
        var name = new Option<string?>("--name") { Description = "The new tenant's name.", HelpName = "NAME" };
        var restore = CommandBuilder.Order(
            "restore", "Brings a tenant back to a backup.", [Id, tenant, code, name, Globals.Yes],
            async call =>
            {
                if (call.Get(tenant) is { } own)
                {
                    await call.ConfirmAsync($"{own} will be what it was then.", own);
                }

                var command = new RestoreBackup
                {
                    Tenant = call.Get(tenant),
                    NewTenant = call.Get(code) is { } next ? new NewTenantOfBackup { Code = next, Name = call.Get(name) ?? next } : null,
                };
                return (await call.Api.RestoreBackupAsync(call.Get(Id), command, cancellationToken: call.CancellationToken)).Job;
            });
        restore.Validators.Add(line =>
        {
            if (line.GetValue(tenant) is null == line.GetValue(code) is null)
            {
                line.AddError("Name --tenant or --new-tenant.");
            }
        });
        return restore;
    }

    private static Command Download()
    {
        var part = new Option<string?>("--part") { Description = "database or files.", HelpName = "PART" };
        return CommandBuilder.Show(
            "download", "Makes a link for a while.", [Id, part], Link, call => call.Api.DownloadBackupAsync(call.Get(Id), call.Get(part), call.CancellationToken));
    }
}
