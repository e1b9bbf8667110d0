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
            "WarmPools", "Ready clones of templates, so that an order renames one instead of copying; see [warm pools](warm-pools.md).",
            Flag("WarmPools:Enabled", true, "False if pools are neither filled nor drained; orders take what is ready all the same. `Timers__Sweep=false` switches it off too."),
            Number("WarmPools:Concurrency", 2, 1, 20, "Clones that each server makes at once for its pools."),
            Number("WarmPools:DropBatch", 10, 1, 100, "Clones that are dropped in one round."),
            Number("WarmPools:MaximumDiskPercent", 80, 1, 100, "Share of a server's disk up to which pools are filled."),
            Duration("WarmPools:OrdersFirst", "00:05:00", "00:00:00", "1.00:00:00", "Orders that began longer ago no longer keep pools from being filled: they wait for something else.")),
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
