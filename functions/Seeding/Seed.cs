using Bibind.Activities.Templates;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Bibind.Functions.Hosts;
using Bibind.Functions.Servers;
using Bibind.Functions.Settings;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>
/// Registers the server that the settings name, activates it when its PostgreSQL passes the test, and attaches the
/// template databases that are on it already. What is there is left as it is: operators may have changed it since. Only a server
/// that was registered before its application's password was needed gets its logins from the settings.
/// </summary>
internal sealed class Seed(
    HostSettings settings,
    ServerStore servers,
    ServerLogins logins,
    IServerDirectory directory,
    TemplateStore templates,
    ConnectionTest test,
    TemplateLook look,
    ILogger<Seed> logger)
{
    private const string Who = "settings";

    public async Task ApplyAsync(CancellationToken cancellation)
    {
        if (settings.Server is not { } wanted)
        {
            return;
        }

        var server = await servers.FindAsync(wanted.Code, cancellation) ?? await RegisterAsync(wanted, cancellation);
        if (server.ApplicationPasswordSecret is null && server.ApplicationRole == wanted.ApplicationRole)
        {
            server = await GiveLoginsAsync(server, wanted, cancellation);
        }

        if (server.State == ServerStates.Draft)
        {
            await ActivateAsync(server, cancellation);
        }

        foreach (var (code, database) in settings.Templates)
        {
            await AttachAsync(server, code, database, cancellation);
        }
    }

    private async Task<Server> RegisterAsync(SeedServer wanted, CancellationToken cancellation)
    {
        var server = new NewServer
        {
            Code = wanted.Code,
            Name = wanted.Name,
            Url = wanted.Url,
            DatabaseHost = wanted.DatabaseHost,
            DatabasePort = wanted.DatabasePort,
            DatabaseUser = wanted.DatabaseUser,
            DatabasePassword = wanted.DatabasePassword,
            ApplicationRole = wanted.ApplicationRole,
            ApplicationPassword = wanted.ApplicationPassword,
            MaxTenants = wanted.MaxTenants,
        };
        if (ServerValidation.Check(server) is { Count: > 0 } errors)
        {
            throw new SettingsException([.. errors.Select(e => $"Seed__Server__{char.ToUpperInvariant(e.Key[0])}{e.Key[1..]} {string.Join("; ", e.Value)}.")]);
        }

        switch (await servers.CreateAsync(server, Who, cancellation))
        {
            case ServerCreated created:
                Logs.ServerSeeded(logger, wanted.Code);
                return created.Server;
            case ServerRefused refused:
                // Another host that starts at the same moment may have been faster.
                return await servers.FindAsync(wanted.Code, cancellation) ?? throw new SettingsException([$"Seed__Server cannot be registered: {refused.Message}"]);
            case var other:
                throw new InvalidOperationException($"A registration cannot end as {other.GetType().Name}.");
        }
    }

    private async Task<Server> GiveLoginsAsync(Server server, SeedServer wanted, CancellationToken cancellation)
    {
        await logins.SetLoginsAsync(server, wanted.DatabaseUser, wanted.DatabasePassword, wanted.ApplicationPassword, cancellation);
        Logs.ServerLoginsSeeded(logger, server.Code, wanted.DatabaseUser, wanted.ApplicationRole);
        return (await servers.GetAsync(server.Id, cancellation))!;
    }

    // The application may be started later than we are, and locally there is none; its database must be there.
    private async Task ActivateAsync(Server server, CancellationToken cancellation)
    {
        var check = await test.CheckDatabaseAsync(await directory.GetConnectionAsync(server.Id, cancellation), cancellation);
        if (!check.Ok)
        {
            throw new SettingsException([$"Seed__Server__DatabaseHost and its neighbours do not work: {check.Message}"]);
        }

        const string Why = "named by the settings; its PostgreSQL passed the connection test, its application was not asked";
        await servers.ActivateAsync(server.Code, Who, Why, cancellation);
    }

    private async Task AttachAsync(Server server, string code, string database, CancellationToken cancellation)
    {
        if (await templates.FindAsync(server.Code, code, cancellation) is { Ready: true } or { State: TemplateStates.Creating })
        {
            return;
        }

        var order = new NewTemplate { Code = code, Server = server.Code, Database = database, RequestedBy = Who };
        if (TemplateValidation.Check(order) is { Count: > 0 } errors)
        {
            throw new SettingsException([$"Seed__Templates__{code} is not usable: {string.Join("; ", errors.SelectMany(e => e.Value))}."]);
        }

        var found = await TemplateDatabases.FindAsync(await directory.GetConnectionAsync(server.Id, cancellation), database, cancellation)
            ?? throw new SettingsException([$"Seed__Templates__{code} names the database '{database}', which is not on server '{server.Code}'."]);
        var sight = await LookAsync(server, database, cancellation);
        if (await templates.AttachAsync(order, new FoundTemplate(found.ContentHash, found.Bytes, sight.Contents, sight.Problem), cancellation)
            is TemplateRefused refused)
        {
            throw new SettingsException([$"Seed__Templates__{code} cannot be attached: {refused.Message}"]);
        }

        if (sight.Problem is { } problem)
        {
            Logs.TemplateNotSeeded(logger, code, server.Code, problem);
            return;
        }

        await LockAsync(server, database, cancellation);
        Logs.TemplateSeeded(logger, code, server.Code, database);
    }

    // One that we may not lock works; the health check says what is wrong with it, and how it is mended.
    private async Task LockAsync(Server server, string database, CancellationToken cancellation)
    {
        try
        {
            await TemplateDatabases.LockAsync(await directory.GetConnectionAsync(server.Id, cancellation), database, cancellation);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            Logs.TemplateNotLocked(logger, database, server.Code, refused.MessageText);
        }
    }

    // What cannot be looked into now is learnt from the first tenant that is made of it.
    private async Task<TemplateInfo> LookAsync(Server server, string database, CancellationToken cancellation)
    {
        try
        {
            return await look.RunAsync(server.Id, Applications.Odoo, database, cancellation);
        }
        catch (ActivityFailureException failed)
        {
            Logs.TemplateNotSeen(logger, database, server.Code, failed.Message);
            return new TemplateInfo(null, null);
        }
    }
}
