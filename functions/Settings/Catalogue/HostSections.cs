using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>What a host needs to start, and who calls it.</summary>
internal static class HostSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Control database and secrets", "Without these no host starts. All hosts of an installation have the same.",
            Text("ControlDatabase", "Connection string of the control database, which holds the task hub too. The role owns the database.") with
            {
                IsRequired = true, IsSecret = true,
            },
            Flag("Migrations:AtStart", true, "False leaves new versions of the schema to `migrate apply`: a host that finds an older one does not start; see [upgrading](upgrading.md)."),
            Secret(
                "Secrets:MasterKey",
                "Encrypts stored secrets: base64 of 32 random bytes (`openssl rand -base64 32`), or where it is: `file:`, `azure-key-vault:`, `aws-ssm:` or `aws-kms:`, see [keys](keys.md). Keep it: without it they cannot be read again.") with
            {
                IsRequired = true,
            },
            Secret("Secrets:OtherKeys:{n}", "Further keys that secrets may be stored with, of the same form: while the master key is changed; see [keys](keys.md)."),
            Text("Secrets:AzureKeyVault:ClientId", "The user-assigned identity that reads `azure-key-vault:`, where the machine has several.", example: "00000000-0000-0000-0000-000000000000"),
            Text("Secrets:Aws:Region", "The region of `aws-ssm:` and `aws-kms:`.", example: "eu-west-3") with { DefaultInWords = "`AWS_REGION`" },
            Secret("Secrets:Aws:AccessKeyId", "Id of the key that reads them.") with { DefaultInWords = "what the machine has, such as its role" },
            Secret("Secrets:Aws:SecretAccessKey", "The key that reads them."),
            Secret("Secrets:Aws:SessionToken", "With temporary credentials only."),
            Address("Secrets:Aws:KmsUrl", "Address of the Key Management Service, such as an endpoint in one's own network.", example: "https://kms.eu-west-3.amazonaws.com") with
            {
                DefaultInWords = "the region's",
            },
            Address("Secrets:Aws:SsmUrl", "Address of Systems Manager.", example: "https://ssm.eu-west-3.amazonaws.com") with { DefaultInWords = "the region's" }),
        new(
            "Where it listens, and who calls it", "",
            Text("Urls", "Addresses to listen on, separated by semicolons; TLS ends at the reverse proxy.", "http://127.0.0.1:7071"),
            Choice(
                "Hosting:Kind", "kestrel", ["kestrel", "azure", "lambda", "webadapter"],
                "Who calls the functions: `kestrel` (this process listens itself), `azure` (set by the isolated worker itself), `lambda` (Runtime API) or `webadapter`. On the last three no process lives on; see [hosts](hosts.md).")),
        new(
            "Callers", "Each token belongs to one caller, whose name is recorded with what it orders. A caller may have several, to change them without a gap; see [keys](keys.md).",
            Text("Auth:Tokens:{n}:Name", "Whom the token belongs to: at most 100 characters.", example: "operator") with { IsRequired = true },
            Secret("Auth:Tokens:{n}:Token", "The bearer token: 24 characters at least (`openssl rand -hex 32`).") with { IsRequired = true },
            Choice("Auth:Tokens:{n}:Role", null, ["viewer", "manager", "admin"], "What the caller may do; each role includes the one before it.") with
            {
                IsRequired = true, Example = "admin",
            },
            Text("Auth:Tokens:{n}:Customer", "The customer whose tenants alone the token reaches; such a token has no role above `manager`.", example: "C-1042"),
            Text("Auth:Tokens:{n}:Label", "Tells the tokens of one caller apart, in logs and at `GET /api/tokens`.", "default", example: "2027-01"),
            Instant("Auth:Tokens:{n}:NotAfter", "When the token ends; without it, when it is taken out of the settings.", "2027-01-31T12:00:00Z"),
            Text("OdooWebhooks:{n}:Name", "An Odoo console that may order.", example: "console"),
            Secret("OdooWebhooks:{n}:Token", "It posts to `/webhooks/odoo/{Token}`: 24 characters at least."),
            Text("OdooWebhooks:{n}:Label", "Tells the tokens of one console apart, as above.", "default", example: "2027-01"),
            Instant("OdooWebhooks:{n}:NotAfter", "When the token ends, as above.", "2027-01-31T12:00:00Z"),
            Text("OdooWebhooks:{n}:Customer", "The customer whose tenants alone the console reaches, and to whom what it orders belongs.", example: "C-1042"),
            Text("OdooWebhooks:{n}:Allowed", "What its records may ask for, separated by commas.", example: "create, back_up") with { DefaultInWords = "every event; see [Odoo](odoo.md#events)" },
            Text(
                "OdooWebhooks:{n}:Fields:{meaning}", "Which fields of its records say what, separated by commas; `_action` may say the event. See [Odoo](odoo.md#which-field-says-what).",
                example: "x_studio_plan_code") with { DefaultInWords = "the field of that name, with or without `x_` or `x_studio_`" },
            Text("OdooWebhooks:{n}:Events:{event}", "Words that stand for an event besides its own name, separated by commas.", example: "suspended, on hold"),
            Duration("Webhooks:RepeatWindow", "00:10:00", "00:00:00", "30.00:00:00", "How long a record that asks for a backup again means the one that it asked for already."),
            Duration("Webhooks:KeepFor", "30.00:00:00", "01:00:00", "365.00:00:00", "How long it is kept what Odoo's webhooks delivered and why it was refused."),
            Flag("Callbacks:AllowPrivateTargets", false, "True lets callbacks reach private, loopback and link-local addresses: only where every caller is trusted."),
            Duration("Callbacks:Timeout", "00:00:05", "00:00:00.001", "00:01:00", "How long a caller may take to answer a callback.")),
        new(
            "Callers that an issuer knows", "OpenID Connect: JSON Web Tokens, and opaque tokens by introspection; see [security](security.md).",
            Text("Auth:Issuer", "The issuer, whose discovery document names its keys.", example: "https://login.example.com/realms/bibind"),
            Text("Auth:Audience", "What its tokens must be meant for; needed with an issuer.", example: "bibind-api"),
            Duration("Auth:ClockSkew", "00:00:30", "00:00:00", "00:05:00", "How far its clock and ours may be apart."),
            Duration("Auth:KeyRefreshInterval", "00:00:30", "00:00:01", "01:00:00", "How often its keys are fetched at most, when a token names one that is not known."),
            Text("Auth:RolesClaim", "The claim that names the caller's roles.", "roles"),
            Text("Auth:Roles:Viewer", "The issuer's name of the role `viewer`.", "viewer"),
            Text("Auth:Roles:Manager", "The issuer's name of the role `manager`.", "manager"),
            Text("Auth:Roles:Admin", "The issuer's name of the role `admin`.", "admin"),
            Text("Auth:NameClaim", "The claim that names the caller in what is recorded.", "sub"),
            Text("Auth:CustomerClaim", "The claim that names the customer whose tenants alone a token reaches.", example: "customer"),
            Flag("Auth:CustomersOnly", false, "True if a token without that claim is refused."),
            Address("Auth:Introspection:Url", "Where opaque tokens are asked about (RFC 7662).", example: "https://login.example.com/introspect"),
            Text("Auth:Introspection:ClientId", "Our account there.", example: "bibind-api"),
            Secret("Auth:Introspection:ClientSecret", "The account's secret."),
            Duration("Auth:Introspection:CacheLifetime", "00:00:30", "00:00:00", "00:05:00", "How long an answer counts at most."),
            Text("Auth:Console:ClientId", "The web console's account at the issuer; with it people sign in there.", example: "bibind-console"),
            Secret("Auth:Console:ClientSecret", "The account's secret, or where it is kept, such as `file:/etc/bibind/console.secret`; without it the account is a public one."),
            Text("Auth:Console:Scopes", "What the console asks the issuer for, separated by blanks; `openid` must be among it.", "openid profile"),
            Text("Auth:Cli:ClientId", "The command line's account at the issuer, a public one that may use the device flow; `GET /api/sign-in` tells it.", example: "bibind-cli"),
            Text("Auth:Cli:Scopes", "What the command line asks the issuer for, separated by blanks.", "openid offline_access")),
        new(
            "Web console", "Sessions of people who sign in at `/console`; see [signing in](sign-in.md).",
            Address("Console:PublicUrl", "The address that people's browsers have of this host, without a path; needed with `Auth__Console__ClientId`, unless the host listens on this machine only.", example: "https://console.example.com"),
            Duration("Console:SessionLifetime", "12:00:00", "00:05:00", "7.00:00:00", "How long a session lasts at most."),
            Duration("Console:IdleLimit", "01:00:00", "00:05:00", "7.00:00:00", "A session that nobody uses for this long is over."),
            Flag("Console:LocalSignIn", false, "True lets whoever uses this machine sign in as its operator, without a token: refused unless the host listens on this machine only. `./run` sets it."),
            Duration("Audit:KeepFor", "400.00:00:00", "1.00:00:00", "3650.00:00:00", "How long it is kept who changed what; see [audit](audit.md).")),
        new(
            "First server", "A server that is registered and activated at the first start. Optional; what operators change later stays.",
            Text("Seed:Server:Code", "A short name: 2 to 31 lower-case letters, digits and hyphens, a letter first.", example: "local"),
            Text("Seed:Server:Name", "Its name for people.", example: "Local server") with { DefaultInWords = "`Seed__Server__Code`" },
            Address("Seed:Server:Url", "Address of the application.", example: "http://127.0.0.1:8069"),
            Text("Seed:Server:DatabaseHost", "Where its PostgreSQL is.", "localhost"),
            Number("Seed:Server:DatabasePort", 5432, 1, 65535, "The port of its PostgreSQL."),
            Text("Seed:Server:DatabaseUser", "The maintenance role; see [roles](postgres-roles.md).", "bibind_maintenance"),
            Secret("Seed:Server:DatabasePassword", "The password of the maintenance role."),
            Text("Seed:Server:ApplicationRole", "The role as which tenants' databases are entered.", "odoo"),
            Secret("Seed:Server:ApplicationPassword", "The password of that role."),
            Number("Seed:Server:MaxTenants", 100, 1, 1_000_000, "How many tenants it may hold."),
            Text("Seed:Templates:{template}", "A template database that is on that server already, by the template's code.", example: "template_blank")),
    ];
}
