using System.Text.Json.Nodes;
using Bibind.Local.RealServers;

namespace Bibind.Local.Demo;

/// <summary>A tenant as its people have it: the login page at its address, and what Odoo says inside.</summary>
internal sealed class OdooTenant(FullServers servers, string code, string host, TenantPasswords passwords, TextWriter output)
{
    private readonly OdooServer _odoo = servers.Odoo!;

    public string Code => code;

    public string Host => host;

    public TenantPasswords Passwords => passwords;

    /// <summary>Opens the login page through the proxy, the chain verified to the authority's root, and signs in there.</summary>
    /// <exception cref="LocalServerException">Odoo refused.</exception>
    public async Task SignInAsync(CancellationToken cancellationToken)
    {
        using var root = await servers.Authority.GetRootAsync(cancellationToken);
        foreach (var (who, password) in new[] { ("administrator", passwords.Administrator), ("standard user", passwords.User) })
        {
            if (password is null)
            {
                continue;
            }

            using var visitor = new OdooVisitor(new Uri($"https://{host}/"), Visitor.Of(servers.Proxy.Https, root));
            var session = await visitor.SignInAsync(password.Login, password.Password, cancellationToken)
                ?? throw new LocalServerException($"The {who} {password.Login} cannot sign in at https://{host}/web/login with the password that was revealed.");
            Line("Sign-in", $"https://{host}/web/login let the {who} {session["username"]} in, to the database {session["db"]}, in {session["user_context"]?["lang"]}");
        }
    }

    /// <summary>Asks Odoo, as the administrator.</summary>
    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        using var client = new OdooClient(_odoo.Url);
        var session = await SessionAsync(client, cancellationToken);
        var users = await session.FindAsync("res.users", [new JsonArray("share", "=", false)], ["login", "lang", "tz"], cancellationToken);
        var company = (await session.FindAsync("res.company", [], ["name", "currency_id", "country_id"], cancellationToken))[0];
        var languages = await session.FindAsync("res.lang", [], ["code"], cancellationToken);
        var address = await session.CallAsync("ir.config_parameter", "get_param", ["web.base.url"], cancellationToken: cancellationToken);
        Line("Users", string.Join(", ", users.Select(u => $"{u["login"]} ({u["lang"]}, {u["tz"]})")));
        Line("Company", $"{company["name"]}, {Name(company["currency_id"])}, {Name(company["country_id"])}");
        Line("Languages", string.Join(", ", languages.Select(l => l["code"])));
        Line("Base URL", $"{address}");
    }

    /// <summary>Makes a customer of this name, as a person would.</summary>
    public async Task AddCustomerAsync(string name, CancellationToken cancellationToken)
    {
        using var client = new OdooClient(_odoo.Url);
        await (await SessionAsync(client, cancellationToken)).CreateAsync("res.partner", new JsonObject { ["name"] = name }, cancellationToken);
    }

    /// <summary>Shows which of these customers there are.</summary>
    /// <exception cref="LocalServerException">Another than the expected one.</exception>
    public async Task ShowCustomersAsync(string expected, string unexpected, CancellationToken cancellationToken)
    {
        using var client = new OdooClient(_odoo.Url);
        var found = await (await SessionAsync(client, cancellationToken)).FindAsync(
            "res.partner", [new JsonArray("name", "in", new JsonArray(expected, unexpected))], ["name"], cancellationToken);
        var names = found.Select(p => p["name"]!.GetValue<string>()).ToList();
        Line("Customers", names is [var only] && only == expected
            ? $"'{expected}' is there, '{unexpected}' is not"
            : throw new LocalServerException($"The database of {code} should have the customer '{expected}' and not '{unexpected}'; it has: {string.Join(", ", names)}."));
    }

    /// <summary>Shows that Odoo knows nothing of it any more; true if so.</summary>
    public async Task<bool> ShowGoneAsync(CancellationToken cancellationToken)
    {
        using var visitor = OdooVisitor.Of(_odoo.Url, host);
        var (status, _) = await visitor.GetAsync("web/login", cancellationToken);
        using var client = new OdooClient(_odoo.Url);
        var opens = true;
        try
        {
            await SessionAsync(client, cancellationToken);
        }
        catch (OdooCallException)
        {
            opens = false;
        }

        var files = Directory.Exists(Path.Combine(_odoo.FileStore, code));
        Line("Odoo", $"answers {(int)status} to the login page of {host}, {(opens ? "opens" : "cannot open")} the database {code}, and its file store has {(files ? "a" : "no")} folder of it");
        return !opens && !files && status != System.Net.HttpStatusCode.OK;
    }

    private Task<OdooSession> SessionAsync(OdooClient client, CancellationToken cancellationToken) =>
        client.SignInAsync(code, passwords.Administrator!.Login, passwords.Administrator.Password, cancellationToken);

    private void Line(string what, string value) => output.WriteLine($"{what,-12} {value}");

    // A many2one as read: id and name, or false.
    private static string Name(JsonNode? reference) => reference is JsonArray pair ? $"{pair[1]}" : "none";
}
