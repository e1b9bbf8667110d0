using System.Security.Cryptography;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>What an operator asks for.</summary>
/// <param name="Server">Code of the server; null where there is only one.</param>
/// <param name="Maintenance">Name of a maintenance role that has to be made.</param>
/// <param name="Administrator">Connection string of a superuser. Never logged.</param>
/// <param name="ApplicationPassword">What the application logs in with. Never logged.</param>
internal sealed record RoleOrder(string? Server, string Maintenance, string? Administrator, string? ApplicationPassword)
{
    /// <summary>Leaves the passwords out.</summary>
    public override string ToString() => $"{Server} {Maintenance}";
}

/// <summary>Shows or runs the plan for one server, and then tells the control database the logins.</summary>
internal sealed class RoleMigration(
    NpgsqlDataSource control, ControlDatabaseMigrator migrator, ServerStore servers, ServerLogins logins, ISecretStore secrets, RoleOrder order)
{
    private const string TemplatesSql = "select database from control.templates where server_id = $1 and state = 'ready'";
    private const string TenantsSql = "select database from control.tenants where server_id = $1";

    /// <summary>True if the server is as it should be, or was brought there.</summary>
    /// <exception cref="InvalidOperationException">Something that is needed is missing; says what.</exception>
    public async Task<bool> RunAsync(bool applies, TextWriter output, CancellationToken cancellation)
    {
        await migrator.ApplyAsync(cancellation);
        var server = await FindServerAsync(cancellation);
        await using var administrator = new NpgsqlConnection(Administrator(server));
        await administrator.OpenAsync(cancellation);
        var at = await ControlCluster.ReadAsync(control, cancellation);
        var controlHere = await at.IsAtAsync(administrator, cancellation) ? at : null;
        var wish = await WishAsync(server, administrator, controlHere, cancellation);
        var steps = await new RolePlan(administrator, wish, controlHere).MakeAsync(cancellation);
        var changesLogins = wish.MakesMaintenance || await StoredAsync(server.ApplicationPasswordSecret, cancellation) != wish.ApplicationPassword;
        if (steps.Count == 0 && !changesLogins)
        {
            await output.WriteLineAsync($"Server '{server.Code}': nothing to do.");
            return true;
        }

        await ShowAsync(server, wish, steps, changesLogins, output);
        if (!applies)
        {
            await output.WriteLineAsync("Nothing was changed: 'roles apply' does it.");
            return true;
        }

        foreach (var step in steps)
        {
            await using var command = new NpgsqlCommand(step.Statement, administrator);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await logins.SetLoginsAsync(server, wish.Maintenance, wish.MaintenancePassword, wish.ApplicationPassword, cancellation);
        await output.WriteLineAsync("Done. A host that runs takes the new logins with its next connection.");
        return true;
    }

    private static async Task ShowAsync(Server server, RoleWish wish, IReadOnlyList<RoleStep> steps, bool changesLogins, TextWriter output)
    {
        await output.WriteLineAsync($"Server '{server.Code}' ({server.DbHost}:{server.DbPort}):");
        foreach (var why in steps.GroupBy(s => s.Why))
        {
            await output.WriteLineAsync($"\n-- {why.Key}");
            foreach (var step in why)
            {
                await output.WriteLineAsync($"{step.Sql};");
            }
        }

        if (changesLogins)
        {
            await output.WriteLineAsync(
                $"\n-- The control database: server '{server.Code}' is maintained as '{wish.Maintenance}', and its tenants' databases are entered as "
                + $"'{server.ApplicationRole}'; both passwords are stored as secrets.");
        }
    }

    private async Task<Server> FindServerAsync(CancellationToken cancellation)
    {
        var all = await servers.ListAsync(cancellation);
        if (order.Server is { } code)
        {
            return all.FirstOrDefault(s => s.Code == code) ?? throw new InvalidOperationException($"There is no server '{code}'.");
        }

        return all.Count == 1 ? all[0] : throw new InvalidOperationException(
            all.Count == 0 ? "No server is registered." : $"Say which server with --server: {string.Join(", ", all.Select(s => s.Code))}.");
    }

    private string Administrator(Server server)
    {
        if (order.Administrator is not { Length: > 0 } given)
        {
            throw new InvalidOperationException("Roles__Administrator is missing: the connection string of a superuser, such as Username=postgres;Password=….");
        }

        var administrator = new NpgsqlConnectionStringBuilder(given) { Database = "postgres", Pooling = false, Options = "-c search_path=pg_catalog" };
        if (string.IsNullOrEmpty(administrator.Host))
        {
            (administrator.Host, administrator.Port) = (server.DbHost, server.DbPort);
        }

        return administrator.ConnectionString;
    }

    private async Task<RoleWish> WishAsync(Server server, NpgsqlConnection administrator, ControlCluster? controlHere, CancellationToken cancellation)
    {
        var stored = await StoredAsync(server.ApplicationPasswordSecret, cancellation);
        var application = order.ApplicationPassword is { Length: > 0 } given ? given : stored
            ?? throw new InvalidOperationException(
                $"Roles__ApplicationPassword is missing: the password that the application logs in with as '{server.ApplicationRole}'.");
        var makes = server.DbUser == server.ApplicationRole || await IsMoreAsync(server.DbUser, administrator, controlHere, cancellation);
        var password = makes ? await SharedAsync(server, cancellation) ?? RandomNumberGenerator.GetHexString(48, lowercase: true)
            : await StoredAsync(server.DbPasswordSecret, cancellation)
                ?? throw new InvalidOperationException($"Secret '{server.DbPasswordSecret}' of server '{server.Code}' is missing.");
        return new RoleWish(
            server, makes ? order.Maintenance : server.DbUser, password, makes, application,
            !await IsAcceptedAsync(administrator, server.ApplicationRole, application, cancellation),
            await NamesAsync(TemplatesSql, server, cancellation), await NamesAsync(TenantsSql, server, cancellation));
    }

    // A superuser is an administrator's and the control plane's role is its own: neither becomes the maintenance role.
    private static async Task<bool> IsMoreAsync(string role, NpgsqlConnection administrator, ControlCluster? controlHere, CancellationToken cancellation)
    {
        var cluster = new ClusterRoles(administrator);
        var found = (await cluster.FindAsync([role], cancellation)).GetValueOrDefault(role);
        return found is null || found.IsSuperuser || role == controlHere?.Role;
    }

    private static async Task<bool> IsAcceptedAsync(NpgsqlConnection administrator, string role, string password, CancellationToken cancellation)
    {
        var login = new NpgsqlConnectionStringBuilder(administrator.ConnectionString) { Username = role, Password = password };
        try
        {
            await using var connection = new NpgsqlConnection(login.ConnectionString);
            await connection.OpenAsync(cancellation);
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification)
        {
            return false;
        }
    }

    // Another application server on the same cluster has the role already; its password must go on working.
    private async Task<string?> SharedAsync(Server server, CancellationToken cancellation)
    {
        var other = (await servers.ListAsync(cancellation)).FirstOrDefault(
            s => s.Id != server.Id && s.DbHost == server.DbHost && s.DbPort == server.DbPort && s.DbUser == order.Maintenance);
        return await StoredAsync(other?.DbPasswordSecret, cancellation);
    }

    private async Task<string?> StoredAsync(string? secret, CancellationToken cancellation) =>
        secret is null ? null : await secrets.FindAsync(secret, cancellation);

    private async Task<List<string>> NamesAsync(string sql, Server server, CancellationToken cancellation)
    {
        await using var command = control.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = server.Id });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var names = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
