using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Where tenants live: servers, isolation, routes, templates.</summary>
internal static class TenantSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Placement and passwords", "",
            Number("Placement:MinimumFreePercent", 20, 0, 100, "Free places, in per cent of all, that a server must have before a new order to take it."),
            Choice("Placement:Strategy", "spread", ["spread", "pack"], "Which of several servers with room takes a tenant: the one with the most free places (`spread`) or with the fewest (`pack`)."),
            Number("Credentials:PoolSize", 32, 0, 1000, "Hashed passwords kept ready in memory; 0 computes each when it is needed, with fewer rounds.")),
        new(
            "Moves of tenants", "How tenants are moved between servers; see [moves](moves.md).",
            Duration("Moves:KeepCopy", "7.00:00:00", "00:00:00", "365.00:00:00", "How long the copy on the former server is kept unless the move is confirmed before."),
            Number("Moves:AtOnce", 2, 1, 100, "Tenants that are moved off a draining server at once.")),
        new(
            "Upgrades of tenants", "How tenants are upgraded; see [upgrades of tenants](upgrades-of-tenants.md).",
            Duration("Upgrades:KeepBackup", "7.00:00:00", "00:00:00", "365.00:00:00", "How long the backup of what a tenant was before its upgrade is kept unless the upgrade is confirmed before.")),
        new(
            "Staging copies", "How long they live, and what is masked in them; see [staging copies](staging.md).",
            Duration("Staging:Lifetime", "14.00:00:00", "01:00:00", "365.00:00:00", "How long a staging copy lives unless its order says."),
            Duration("Staging:LongestLifetime", "90.00:00:00", "01:00:00", "365.00:00:00", "How long one may live from an order or a change on."),
            Text("Staging:Masking:{n}:Table", "A table in which something is masked, where an order for a copy says nothing about it.", example: "res_partner"),
            Text("Staging:Masking:{n}:Column", "The column of that table.", example: "email"),
            Choice("Staging:Masking:{n}:Method", null, ["fixed", "hash", "null", "email"], "What becomes of its values: all the same, a hash, nothing, or an address that no mail can reach."),
            Text("Staging:Masking:{n}:Value", "What every value becomes, for the method `fixed`.", example: "+00 000")),
        new(
            "Rollouts", "How changes reach tenants in waves; see [rollouts](rollouts.md).",
            Number("Rollouts:MaxConcurrent", 5, 1, 100, "Tenants of a rollout that are upgraded at once, unless its order says."),
            Duration("Rollouts:Interval", "00:00:05", "00:00:00.1", "01:00:00", "How often those are looked at that are being upgraded, and with them whose turn is next.")),
        new(
            "Modules of tenants", "How tenants' modules are changed; see [modules](modules.md).",
            Duration("Modules:CallLimit", "00:10:00", "00:00:10", "02:00:00", "How long the application may take for one installation or uninstallation."),
            Duration("Modules:ReadLimit", "00:00:10", "00:00:01", "00:01:00", "How long a tenant's database may take to say which modules there are.")),
        new(
            "Health of servers", "How servers are checked, and what is warned of; see [servers](servers.md).",
            Flag("ServerHealth:Enabled", true, "False if servers are not to be checked by themselves."),
            Duration("ServerHealth:Interval", "00:15:00", "00:01:00", "1.00:00:00", "How often each server is checked; whole minutes count."),
            Duration("ServerHealth:RetryInterval", "00:01:00", "00:01:00", "1.00:00:00", "How soon a server is asked again that did not answer, or that is coming back."),
            Duration("ServerHealth:Limit", "00:00:10", "00:00:01", "00:01:00", "How long one server may take."),
            Number("ServerHealth:Concurrency", 500, 1, 5000, "Servers that one machine asks at once."),
            Number("ServerHealth:FailuresUntilOffline", 3, 1, 100, "Failed checks in a row that make a server offline."),
            Number("ServerHealth:SuccessesUntilActive", 2, 1, 100, "Checks in a row that it must pass to come back."),
            Duration("ServerHealth:SlowAnswer", "00:00:05", "00:00:00.001", "00:01:00", "An answer that takes longer is slow."),
            Number("ServerHealth:MinimumFreeConnectionsPercent", 15, 0, 100, "Free connections, in per cent of all, below which a server is warned of."),
            Number("ServerHealth:MaximumDiskPercent", 90, 1, 100, "Used disk, in per cent, from which on a server is warned of."),
            Duration("ServerHealth:LongestTransaction", "06:00:00", "00:00:01", "30.00:00:00", "A transaction that is open for longer is warned of."),
            Duration("ServerHealth:LongestReplicationLag", "00:05:00", "00:00:01", "1.00:00:00", "A standby that is further behind is warned of."),
            Duration("ServerHealth:History", "30.00:00:00", "1.00:00:00", "366.00:00:00", "How long the results of checks are kept.")),
        new(
            "Usage", "What tenants use, measured by timer; see [usage](usage.md).",
            Flag("Usage:Enabled", true, "False if nothing is measured by itself."),
            Duration("Usage:Interval", "01:00:00", "00:01:00", "1.00:00:00", "How often each tenant is measured; whole minutes count."),
            Duration("Usage:RetryInterval", "00:15:00", "00:01:00", "1.00:00:00", "How soon a tenant is tried again of which something could not be measured."),
            Duration("Usage:Limit", "00:00:20", "00:00:01", "00:05:00", "How long one part of one tenant may take."),
            Number("Usage:PerServer", 2, 1, 32, "Tenants of one server that are measured at once, by all machines together."),
            Number("Usage:Servers", 50, 1, 1000, "Servers whose tenants one machine measures at once."),
            Duration("Usage:Hours", "7.00:00:00", "1.00:00:00", "60.00:00:00", "How long one row an hour is kept; one row a day is made of them then."),
            Duration("Usage:Days", "400.00:00:00", "1.00:00:00", "3660.00:00:00", "How long one row a day is kept."),
            Flag("Usage:MetricsPerTenant", false, "True if metrics have series for each tenant, and not only for each server and plan.")),
        new(
            "Limits", "What tenants use is compared with what they may use; see [limits](limits.md).",
            Flag("Limits:Enabled", true, "False if nothing is compared."),
            Duration("Limits:Interval", "00:15:00", "00:01:00", "1.00:00:00", "How often each tenant is looked at; whole minutes count."),
            Duration("Limits:MaxAge", "03:00:00", "00:01:00", "7.00:00:00", "What was measured longer ago raises no notice and suspends nobody; twice `Usage__Interval` if that is longer."),
            Choice("Limits:AfterGrace", "none", ["none", "suspend"], "What is done when a tenant still uses more than it may after its plan's grace: nothing (`none`), or it is suspended until it does not (`suspend`)."),
            Number("Limits:MostPerRound", 50, 1, 10_000, "Tenants that are suspended, or opened, for this in one minute at most.")),
        new(
            "Alerts", "What is wrong is looked for every minute, and told once; see [alerts](alerts.md).",
            Flag("Alerts:Enabled", true, "False if nothing is looked for; what is open is closed."),
            Text("Alerts:Off:{n}", "A kind of alert that is not looked for.", example: "server-warning"),
            Duration("Alerts:FailedJobsFor", "1.00:00:00", "00:01:00", "30.00:00:00", "How long a failed job is an alert, unless the same is done before."),
            Duration("Alerts:CertificateEndsWithin", "7.00:00:00", "01:00:00", "60.00:00:00", "A certificate that ends sooner is an alert, whether or not its renewal failed."),
            Duration("Alerts:ParkedBillingAfter", "00:15:00", "00:00:00", "7.00:00:00", "How long a message of billing may be parked."),
            Duration("Alerts:QueueAge", "00:05:00", "00:00:10", "1.00:00:00", "How long work that is due may wait for a worker."),
            Duration("Alerts:After", "00:01:00", "00:00:00", "01:00:00", "How long poison messages or a queue's age last before people hear of them."),
            Duration("Alerts:History", "90.00:00:00", "1.00:00:00", "3660.00:00:00", "How long alerts are kept that are over."),
            Flag("Alerts:StatusPage", false, "True if `/status` tells everybody whether all works, without details.")),
        new(
            "Reconciliation", "Tenants are compared with what there is of them; see [reconciliation](reconciliation.md).",
            Flag("Reconciliation:Enabled", true, "False if nothing is compared."),
            Duration("Reconciliation:Interval", "01:00:00", "00:01:00", "1.00:00:00", "How often each tenant is looked at; whole minutes count."),
            Duration("Reconciliation:RetryInterval", "00:15:00", "00:01:00", "1.00:00:00", "How soon a tenant is looked at again of which something could not be asked, or not be repaired."),
            Duration("Reconciliation:ConfirmAfter", "00:01:00", "00:00:10", "01:00:00", "How long after the first look the second one comes: what both see counts."),
            Duration("Reconciliation:Limit", "00:00:20", "00:00:01", "00:01:00", "How long one question about one tenant may take, and one repair."),
            Number("Reconciliation:PerServer", 4, 1, 32, "Tenants of one server that are looked at at once, by all machines together."),
            Number("Reconciliation:Servers", 10, 1, 1000, "Servers whose tenants one machine looks at at once."),
            Flag("Reconciliation:Repair", true, "False if what differs is only listed and told."),
            Number("Reconciliation:RepairsPerHour", 60, 0, 100_000, "Repairs of all machines together within an hour."),
            Duration("Reconciliation:EndedFor", "30.00:00:00", "00:00:00", "366.00:00:00", "How long tenants are looked at after they have ended."),
            Duration("Reconciliation:History", "90.00:00:00", "1.00:00:00", "3660.00:00:00", "How long findings are kept that are closed.")),
        new(
            "Isolation of tenants", "Which role a tenant's SQL runs as; see [tenant isolation](tenant-isolation.md).",
            Choice("Database:TenantIsolation", null, ["shared", "role"], "`shared` (one application role for all tenants) or `role` (one each, behind a pooler).") with
            {
                DefaultInWords = "`role` on servers for which a PgBouncer is set, `shared` elsewhere",
            },
            Text("Database:PgBouncer:{n}:Server", "The code of the server that the PgBouncer stands before; one for each server at most.", example: "local"),
            Text("Database:PgBouncer:{n}:DatabasesFile", "Whole path of the file that `pgbouncer.ini` includes and that is ours: it holds passwords, so only PgBouncer's account may read it.", example: "/etc/pgbouncer/bibind.ini"),
            Text("Database:PgBouncer:{n}:Host", "Where PgBouncer listens, for its console.", "127.0.0.1"),
            Number("Database:PgBouncer:{n}:Port", 6432, 1, 65535, "Its port."),
            Text("Database:PgBouncer:{n}:AdminUser", "One of PgBouncer's `admin_users`.", "bibind_pooler"),
            Secret("Database:PgBouncer:{n}:AdminPassword", "That user's password."),
            Text("Database:PgBouncer:{n}:ServerHost", "Where PgBouncer finds PostgreSQL.", example: "10.0.0.5") with { DefaultInWords = "as we do" },
            Number("Database:PgBouncer:{n}:ServerPort", null, 1, 65535, "The port there.") with { DefaultInWords = "as we do", Example = "5432" },
            Text("Database:PgBouncer:{n}:TemplateRole", "The role that owns what is in templates; it owns no database.", "bibind_template"),
            Secret("Database:PgBouncer:{n}:TemplatePassword", "That role's password."),
            Text("Database:PgBouncer:{n}:Psql", "Path of `psql`, which speaks with PgBouncer's console.", example: "/usr/bin/psql") with
            {
                DefaultInWords = "the newest that is installed",
            }),
        new(
            "Templates", "How template databases are made.",
            Text("Templates:OdooBin", "Path of `odoo-bin`, or its name on the PATH.", "odoo-bin"),
            Text("Templates:OdooConfiguration", "The application's configuration file (`-c`), for its `addons_path` say.", example: "/etc/odoo/odoo.conf"),
            Duration("Templates:InitialisationLimit", "00:05:00", "00:00:00.001", "12:00:00", "How long the installation of a template's modules may take.")),
        new(
            "Routes", "Which reverse proxy leads host names to servers; see [storage, routing and backups](storage-routing-backups.md).",
            Choice("Routing:Provider", "none", ["none", "caddy", "nginx"], "The proxy."),
            Address("Routing:Http", "Where the proxy answers plain requests: every route is tried out through it.", "http://127.0.0.1"),
            Address("Routing:Https", "Where it answers over TLS.", "https://127.0.0.1"),
            Number("Routing:WebsocketPort", null, 1, 65535, "The port of every application server that takes websockets (Odoo with workers: 8072).") with
            {
                DefaultInWords = "the server's own", Example = "8072",
            },
            Number("Routing:LargestBody", 268435456, 1, long.MaxValue, "The largest body of a request, in bytes: more is refused with 413."),
            Duration("Routing:VerifyLimit", "00:00:10", "00:00:00.001", "00:01:00", "How long a new route may take until the proxy answers by it."),
            Duration("Routing:WatchInterval", "00:00:05", "00:00:00", "01:00:00", "How often the proxy is asked whether it still knows its routes: one second at least, or 0 to leave that to the sweep."),
            Address("Routing:Caddy:Admin", "Caddy's admin API. Whoever reaches it can read every key: it must not be reachable from outside.", "http://127.0.0.1:2019"),
            Text("Routing:Caddy:Server", "The HTTP server in Caddy's configuration that gets the routes.", "edge"),
            Duration("Routing:Caddy:Timeout", "00:00:15", "00:00:00.001", "00:05:00", "How long the admin API may take for one answer."),
            Text("Routing:Nginx:Folder", "The folder that is ours, whose `*.conf` nginx includes in its `http` block.", "/etc/nginx/bibind"),
            Text("Routing:Nginx:Program", "The program.", "nginx"),
            Text("Routing:Nginx:Configuration", "nginx's main configuration file.", "/etc/nginx/nginx.conf"),
            Text("Routing:Nginx:HttpListen", "What `listen` says for plain requests: a port, or an address with one.", "80"),
            Text("Routing:Nginx:HttpsListen", "What `listen` says for TLS.", "443"),
            Flag("Routing:Nginx:DefaultServers", true, "False where nginx has default servers of its own, which must answer 404 for hosts that they do not know.")),
    ];
}
