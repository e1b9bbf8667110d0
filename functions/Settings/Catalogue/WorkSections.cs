using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>How work is done: the durable worker, schedules, the pump, queues.</summary>
internal static class WorkSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Durable engine", "What runs the orchestrations; see [durable](durable.md).",
            Choice("Durable:Engine", "postgres", ["postgres", "scheduler", "memory"], "`postgres` (the hub in the control database), `scheduler` (a host of Durable Task's gRPC protocol) or `memory` (for tests: it forgets everything at its end)."),
            Address("Durable:Scheduler:Endpoint", "Where the scheduler is.", example: "https://name.westeurope.durabletask.io"),
            Text("Durable:Scheduler:TaskHub", "Its task hub.", "default"),
            Choice("Durable:Scheduler:Credential", "none", ["none", "defaultazure", "managedidentity", "workloadidentity", "environment", "azurecli"], "How it is signed in to; a token goes over https only."),
            Text("Durable:Scheduler:ClientId", "The user-assigned identity, where there are several.", example: "00000000-0000-0000-0000-000000000000")),
        new(
            "Durable worker", "See [durable](durable.md).",
            Duration("Worker:LeaseDuration", "00:00:15", "00:00:01", "00:10:00", "How long another worker waits before it takes over after a crash."),
            Duration("Worker:PollInterval", "00:00:01", "00:00:00.050", "00:01:00", "How often the hub is asked when nothing hints at work."),
            Number("Worker:MaxConcurrentActivities", 64, 1, 10_000, "Activities under way at once."),
            Number("Worker:MaxConcurrentActivitiesPerTenant", 8, 1, 10_000, "Activities under way at once for one tenant."),
            Text(
                "Worker:ActivityLimits", "Activities of one name under way at once on all machines together: names and whole numbers, separated by commas.",
                "database.clone=8, backup.take=2, backup.restore=2, backup.verify=1")),
        new(
            "Schedules", "Each moment runs on one of all machines.",
            Flag("Timers:Enabled", true, "False on self-hosted machines that must run no schedules; another one should.") with { Hosts = SettingHosts.SelfHosted },
            Flag("Timers:Sweep", true, "False if abandoned tenants are not to be looked for, nor what tenants still lack."),
            Duration("Timers:SweepInterval", "00:05:00", "00:00:01", "30.00:00:00", "How often abandoned tenants are looked for."),
            Flag("Timers:CertificateRenewals", true, "False if certificates are not to be renewed."),
            Flag("PendingItems:Enabled", true, "False if nothing is done about what tenants still lack (a first backup, a user while the application was down); it stays pending."),
            Duration("PendingItems:Interval", "00:00:15", "00:00:01", "30.00:00:00", "How often what is due is looked for. Each item has waits of its own, which grow.")),
        new(
            "Jobs", "Looking at jobs, and keeping them; see [jobs](jobs.md).",
            Number("Jobs:EventStreams", 100, 1, 10_000, "Callers who may follow jobs at a time (`GET /api/jobs/{id}/events`), on each machine; more get 429."),
            Duration("Jobs:EventStreamLimit", "00:15:00", "00:00:01", "1.00:00:00", "How long an answer that follows a job lasts at most; the caller asks again by itself. Twenty seconds on function hosts."),
            Duration("Jobs:Retention", "400.00:00:00", "1.00:00:00", "36500.00:00:00", "How long jobs that have ended are kept, with their histories. The newest of each kind of a tenant, and those that a record refers to, are kept for good.")),
        new(
            "WarmPools", "Ready clones of templates, so that an order renames one instead of copying; see [warm pools](warm-pools.md).",
            Flag("WarmPools:Enabled", true, "False if pools are neither filled nor drained; orders take what is ready all the same. `Timers__Sweep=false` switches it off too."),
            Number("WarmPools:Concurrency", 2, 1, 20, "Clones that each server makes at once for its pools."),
            Number("WarmPools:DropBatch", 10, 1, 100, "Clones that are dropped in one round."),
            Number("WarmPools:MaximumDiskPercent", 80, 1, 100, "Share of a server's disk up to which pools are filled."),
            Duration("WarmPools:OrdersFirst", "00:05:00", "00:00:00", "1.00:00:00", "Orders that began longer ago no longer keep pools from being filled: they wait for something else.")),
        new(
            "Notices", "What customers, consoles and operators are told; see [notices](notices.md). All hosts have the same.",
            Flag("Notices:Enabled", true, "False if this host sends none; what is due is kept for another."),
            Duration("Notices:Interval", "00:00:05", "00:00:00.100", "01:00:00", "How often what is due is looked for.") with { Hosts = SettingHosts.SelfHosted },
            Number("Notices:Concurrency", 8, 1, 100, "How many one host sends at once."),
            Duration("Notices:Limit", "00:00:20", "00:00:01", "00:02:00", "How long one attempt may take."),
            Duration("Notices:GiveUpAfter", "3.00:00:00", "00:01:00", "30.00:00:00", "How long a notice is tried to be delivered."),
            Duration("Notices:KeepFor", "400.00:00:00", "31.00:00:00", "3650.00:00:00", "How long notices are kept with their deliveries and attempts."),
            Text("Notices:Operators", "The address that operators are e-mailed at about failed jobs, missing backups and the like.", example: "operators@example.com"),
            Text("Notices:Language", "The language where the customer's has no templates.", "en"),
            Text("Notices:Templates", "Folder with templates in the place of those supplied, such as `welcome.fr.liquid`.", example: "/etc/bibind/notices"),
            Duration("Notices:SecretOverlap", "1.00:00:00", "00:00:00", "30.00:00:00", "How long the former secret of a webhook signs beside the new one."),
            Flag("Notices:AllowPrivateTargets", false, "True lets webhooks reach private, loopback and link-local addresses, and by http too: only where every administrator is trusted with that."),
            Text("Notices:Mail:Host", "The mail server; without it nobody is e-mailed.", example: "smtp.example.com"),
            Number("Notices:Mail:Port", 587, 1, 65535, "Its port."),
            Choice("Notices:Mail:Security", "starttls", ["starttls", "implicit", "none"], "How the connection is protected: `starttls` (587) and `implicit` (465) take nothing less; `none` has no password."),
            Text("Notices:Mail:User", "Our account there.", example: "bibind"),
            Secret("Notices:Mail:Password", "The account's password, or where it is: `file:`, `azure-key-vault:`, `aws-ssm:` or `aws-kms:`, as for keys. It is read for each connection."),
            Text("Notices:Mail:TrustedRoots", "PEM file of roots for the server's certificate, where the system's do not have it.", example: "/etc/bibind/roots.pem"),
            Text("Notices:Mail:From", "The sender's address; needed with a mail server.", example: "noreply@example.com"),
            Text("Notices:Mail:FromName", "The sender's name, which letters are signed with too.", "Bibind"),
            Text("Notices:Mail:ReplyTo", "Where answers go.", example: "support@example.com") with { DefaultInWords = "`Notices__Mail__From`" }),
        new(
            "Registration", "Whether people may register for a trial themselves; see [registration](registration.md). All hosts have the same.",
            Flag("Registration:Enabled", false, "True opens `POST /api/registrations` to everybody."),
            Text("Registration:Offers", "Codes of the offers that can be tried, separated by commas; the first is taken where none is named. Their default plans must have trial days.", example: "odoo-shared"),
            Address("Registration:ConfirmUrl", "The page that the letter leads to; the token is added as its query.", example: "https://api.example.com/registrations/confirm"),
            Duration("Registration:Lifetime", "1.00:00:00", "00:05:00", "7.00:00:00", "How long the letter's link can be followed and the name is held."),
            Number("Registration:PerAddress", 5, 1, 10_000, "Registrations an hour from one address."),
            Number("Registration:PerNetwork", 20, 1, 100_000, "Registrations an hour from one network: /24 of IPv4, /48 of IPv6."),
            Number("Registration:PerHour", 200, 1, 1_000_000, "Registrations an hour altogether."),
            Number("Registration:PerEmail", 3, 1, 100, "Letters a day to one e-mail address."),
            Duration("Registration:TrialAgain", "365.00:00:00", "00:00:00", "3650.00:00:00", "How long after a trial the same e-mail address gets no other."),
            Duration("Registration:KeepFor", "7.00:00:00", "1.00:00:00", "365.00:00:00", "How long names and addresses of a registration that is over are kept."),
            Duration("Registration:GiveUpAfter", "3.00:00:00", "01:00:00", "30.00:00:00", "How long a proven registration is tried that cannot be ordered for the moment."),
            Text("Registration:TrustedProxies", "Networks of proxies whose `X-Forwarded-For` says where a registration, a sign-in or a change comes from, separated by commas; without it the connection does.", example: "10.0.0.0/8, 2001:db8::/32")),
        new(
            "Support", "How operators enter tenants' applications; see [support access](support-access.md). All hosts have the same.",
            Number("Support:DefaultMinutes", 60, 5, 10_080, "How long an access lasts unless the request says, in minutes; at most `Support__LongestMinutes`."),
            Number("Support:LongestMinutes", 480, 5, 10_080, "How long an access may last, in minutes."),
            Duration("Support:ConsentWithin", "3.00:00:00", "00:05:00", "30.00:00:00", "How long the customer may consent."),
            Address("Support:ConsentUrl", "The page that the letter leads to; the token is added as its query. Without it the letter has no link, and customers consent by their own tokens.", example: "https://api.example.com/support-access/consent")),
        new(
            "Pump", "Where no process lives on, queue messages and a schedule pump the orchestrations; see [hosts](hosts.md).",
            Duration("Pump:Limit", "00:04:00", "00:00:05", "00:30:00", "How long one run of the pump works at most; a host that ends calls earlier wins.") with { Hosts = SettingHosts.FunctionHosts },
            Duration("Pump:Reserve", "00:00:02", "00:00:00.100", "00:01:00", "What is kept of a call's time to hand over what is left.") with { Hosts = SettingHosts.FunctionHosts },
            Duration("Pump:ActivityGrace", "00:00:10", "00:00:00", "00:10:00", "How long running activities may go on when the time is up; shorter than `Pump__Limit`.") with
            {
                Hosts = SettingHosts.FunctionHosts,
            },
            Text("Pump:LeftToWorkers", "Activities, separated by commas, that are left to a self-hosted worker on the same control database.", example: "backup.take, backup.restore") with
            {
                Hosts = SettingHosts.FunctionHosts,
            }),
        new(
            "Queues", "How messages are handled; see [queues](queues.md).",
            Flag("Queues:Consume", true, "False on hosts that send messages but leave it to others to handle them. On function hosts the platform delivers them.") with
            {
                Hosts = SettingHosts.SelfHosted,
            },
            Flag("Queues:CreateQueues", true, "Whether queues that are missing are created."),
            Number("Queues:MaxConcurrentMessages", 16, 1, 1000, "Messages of one queue at one broker that are handled at once.") with { Hosts = SettingHosts.SelfHosted },
            Number("Queues:MaxAttempts", 5, 1, 1000, "Deliveries after which a message goes to the poison queue."),
            Duration("Queues:VisibilityTimeout", "00:00:30", "00:00:01", "12:00:00", "How long a message that was received is hidden; renewed while it is handled."),
            Duration("Queues:HandlerLimit", "00:05:00", "00:00:01", "11:00:00", "How long one message may be handled."),
            Duration("Queues:RetryDelay", "00:00:10", "00:00:00", "11:00:00", "How long a message rests after its first failure; four times as long after each further one."),
            Duration("Queues:LongestRetryDelay", "00:15:00", "00:00:00", "11:00:00", "The longest such rest."),
            Duration("Queues:ShutdownLimit", "00:00:15", "00:00:00", "00:10:00", "How long handlers may work on when the host stops.") with { Hosts = SettingHosts.SelfHosted }),
        new(
            "Billing", "How billing's messages are ordered; see [queues](queues.md#billings-messages).",
            Duration("Billing:GapLimit", "01:00:00", "00:00:00", "30.00:00:00", "How long a message waits for numbers before it, or for its tenant, that do not come.")),
        new(
            "Queues at Azure Storage", "Either broker, both, or neither.",
            Secret("Queues:AzureStorage:ConnectionString", "The storage account's connection string; without it this broker is not used."),
            Address("Queues:AzureStorage:ServiceUri", "Instead of it on Azure Functions, where the app's identity opens the queues.", example: "https://account.queue.core.windows.net"),
            Text("Queues:AzureStorage:ClientId", "The user-assigned identity, where the app has several.", example: "00000000-0000-0000-0000-000000000000"),
            Choice("Queues:AzureStorage:MessageEncoding", "base64", ["base64", "none"], "How messages are written: `base64`, as the Functions host has it, or `none`."),
            Duration("Queues:AzureStorage:LongestPause", "00:00:05", "00:00:00.050", "00:05:00", "How long an idle queue is left alone at most.") with { Hosts = SettingHosts.SelfHosted }),
        new(
            "Queues at SQS", "",
            Address(
                "Queues:Sqs:QueueUrlPrefix", "What stands before a queue's name in its address; without it this broker is not used.",
                example: "https://sqs.eu-west-3.amazonaws.com/123456789012/"),
            Text("Queues:Sqs:Region", "The region that signatures are for.", example: "eu-west-3") with { DefaultInWords = "`AWS_REGION`, or the one in the address" },
            Secret("Queues:Sqs:AccessKeyId", "Id of the key that signs requests.") with { DefaultInWords = "`AWS_ACCESS_KEY_ID`" },
            Secret("Queues:Sqs:SecretAccessKey", "The key that signs requests.") with { DefaultInWords = "`AWS_SECRET_ACCESS_KEY`" },
            Secret("Queues:Sqs:SessionToken", "With temporary credentials only.") with { DefaultInWords = "`AWS_SESSION_TOKEN`" },
            Duration("Queues:Sqs:WaitTime", "00:00:20", "00:00:00", "00:00:20", "How long one call waits for messages.") with { Hosts = SettingHosts.SelfHosted }),
    ];
}
