using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>How a tenant's application speaks to its people.</summary>
public sealed record TenantLocale
{
    /// <summary>Language and country as Odoo writes it, such as <c>fr_FR</c>.</summary>
    public string Language { get; init; } = "en_US";

    /// <summary>IANA time zone, such as <c>Europe/Paris</c>.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>strftime pattern, such as <c>%d/%m/%Y</c>; the language's own unless given.</summary>
    public string? DateFormat { get; init; }

    /// <summary>ISO 4217 code.</summary>
    public string Currency { get; init; } = "EUR";

    /// <summary>ISO 3166-1 alpha-2 code, upper case; from the language unless given.</summary>
    public string? Country { get; init; }

    /// <summary>The customer's VAT number.</summary>
    public string? Vat { get; init; }
}

/// <summary>An accepted order: what the customer wants, already reserved under <see cref="TenantId"/>.</summary>
public sealed record ProvisionTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>True: the job's own orchestration was ended by a cancellation, and this one undoes what it did.</summary>
    public bool IsUndo { get; init; }
}

/// <summary>
/// Where a tenant lives. Every step of a tenant's jobs takes it; it holds names, never secrets.
/// </summary>
public record TenantDescriptor
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>The customer's company, as the application shows it.</summary>
    public required string Name { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }
    public required string Offer { get; init; }

    /// <summary>The offer's application, one of <see cref="Applications"/>.</summary>
    public string Application { get; init; } = Applications.Odoo;
    public required string Plan { get; init; }

    /// <summary>Key of the server in the control database.</summary>
    public required long ServerId { get; init; }
    public required string ServerCode { get; init; }

    /// <summary>The tenant's database, by the offer's pattern.</summary>
    public required string Database { get; init; }
    public required string TemplateCode { get; init; }
    public required string TemplateDatabase { get; init; }

    /// <summary>Content hash of the template when the place was reserved.</summary>
    public string? TemplateVersion { get; init; }

    /// <summary>The primary host name.</summary>
    public required string Host { get; init; }

    /// <summary>
    /// At a host name of the customer's own: the platform's, by which the application finds the tenant's database.
    /// </summary>
    public string? ApplicationHost { get; init; }

    /// <summary>The public address, such as <c>https://acme.example.com</c>, without a slash at the end.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>The tenant's bucket in the object store.</summary>
    public required string Bucket { get; init; }
    public TenantLocale Locale { get; init; } = new();

    /// <summary>True if files go with the database; decided when the job begins, so that its later steps agree.</summary>
    public bool HasFileStore { get; init; }

    /// <summary>The tenant's own role in PostgreSQL; null where tenants share the application's. Decided when the place is reserved.</summary>
    public string? DatabaseRole { get; init; }

    /// <summary>The ready clone that its reservation took; null where its database is cloned for it.</summary>
    public PooledClone? Pooled { get; init; }

    /// <summary>Told how the job ended, when set.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>Set for what is no tenant: the clone in which a version of a template is tried out.</summary>
    public TemplateTrial? Trial { get; init; }

    /// <summary>True for a copy of the tenant in which an upgrade is rehearsed: <see cref="TemplateDatabase"/> is then the tenant's own.</summary>
    public bool IsRehearsal { get; init; }

    /// <summary>The tenant that it is a staging copy of; null for every other.</summary>
    public long? StagingOf { get; init; }
}

/// <summary>A tenant that works.</summary>
public sealed record TenantReady
{
    public required long TenantId { get; init; }
    public required string Code { get; init; }
    public required string Database { get; init; }
    public required string Host { get; init; }
    public required string BaseUrl { get; init; }
    public string? BackupKey { get; init; }

    /// <summary>What was left for later, in words: a standard user whose server did not answer, say.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What a staging copy is without; null for every other tenant.</summary>
    public StagingReport? Staging { get; init; }
}

/// <summary>A tenant could not be provisioned; everything was undone.</summary>
public sealed record TenantFailure
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Reason { get; init; }
    public required Inventory Inventory { get; init; }
}

/// <summary>One thing that could be left over, as its server answered when asked.</summary>
/// <param name="Kind"><c>database</c>, <c>role</c>, <c>dns-record</c>, <c>certificate</c>, <c>acme-challenge</c>, <c>route</c>, <c>bucket</c>, <c>file-store</c>, <c>backup</c> or <c>secret</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="State"><c>absent</c>, <c>present</c>, <c>kept</c> (on purpose) or <c>unknown</c> (the server could not be asked).</param>
/// <param name="Detail">Why it is unknown, or what was kept and why.</param>
public sealed record InventoryItem(string Kind, string Name, string State, string? Detail = null)
{
    public const string Absent = "absent";
    public const string Present = "present";
    public const string Kept = "kept";
    public const string Unknown = "unknown";
}

/// <summary>Proof of what is left after an undo or a destroy, taken from the servers themselves.</summary>
public sealed record Inventory
{
    public IReadOnlyList<InventoryItem> Items { get; init; } = [];

    /// <summary>Undo steps that failed, in words.</summary>
    public IReadOnlyList<string> FailedUndoSteps { get; init; } = [];

    /// <summary>True if nothing is left that was not kept on purpose.</summary>
    public bool IsClean => Items.All(i => i.State is InventoryItem.Absent or InventoryItem.Kept) && FailedUndoSteps.Count == 0;
}

/// <summary>A tenant to be removed.</summary>
public sealed record DestroyTenantOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>Take and keep one last backup; without it every backup is deleted too.</summary>
    public bool FinalBackup { get; init; } = true;

    /// <summary>True if an earlier removal took the last backup: it is kept, and no other is taken.</summary>
    public bool FinalBackupTaken { get; init; }
}

/// <summary>A look for abandoned tenants.</summary>
/// <param name="Every">How long to wait between two.</param>
public sealed record SweepOrder(TimeSpan Every);

/// <summary>What a look found.</summary>
/// <param name="Jobs">The removals that were started.</param>
/// <param name="ForgottenKeys">Idempotency keys that were too old to matter.</param>
public sealed record SweepResult(IReadOnlyList<string> Jobs, int ForgottenKeys);

/// <summary>A tenant that is gone.</summary>
public sealed record TenantDestroyed
{
    public required string Code { get; init; }
    public string? FinalBackupKey { get; init; }
    public required Inventory Inventory { get; init; }
}

/// <summary>The tenant's row in the control database.</summary>
public static class Tenants
{
    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Confirms the place that was reserved when the order was accepted.</summary>
    public static readonly ActivityDefinition<ProvisionTenantOrder, TenantDescriptor> Reserve = new("tenants.reserve", Quick);

    /// <summary>Ends a provisioning well; what the tenant still lacks, its first backup among it, is pending from then on.</summary>
    public static readonly ActivityDefinition<TenantToActivate, TenantReady> Activate = new("tenants.activate", Quick);

    /// <summary>Takes an activation back whose answer was lost, so that nobody looks after the tenant while it is undone.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Deactivate = new("tenants.deactivate", Stubborn);

    /// <summary>Ends a provisioning that was undone: state, reason and proof, and the code is free again.</summary>
    public static readonly ActivityDefinition<TenantFailure, Unit> MarkFailed = new("tenants.mark_failed", Stubborn);

    /// <summary>Finds the place of a tenant that is to be destroyed and keeps it out of every other job.</summary>
    public static readonly ActivityDefinition<DestroyTenantOrder, TenantDescriptor> BeginDestroy = new("tenants.begin_destroy", Quick);

    /// <summary>Ends a destroy: stores the proof; the tenant is terminated if it is clean, else keeps the reason.</summary>
    public static readonly ActivityDefinition<TenantDestroyEnd, Unit> EndDestroy = new("tenants.end_destroy", Stubborn);

    /// <summary>Instance id of the timer that does what tenants still lack; there is one, whatever the number of hosts.</summary>
    public const string PendingTimer = "timer-pending-items";

    /// <summary>Does what tenants still lack and what is due; answers how long to wait before the next round, by the settings.</summary>
    public static readonly ActivityDefinition<Unit, PendingRound> WorkOffPending = new("tenants.work_off_pending", Policies.Round);

    /// <summary>Starts the removal of what abandoned tenants left.</summary>
    public static readonly ActivityDefinition<SweepOrder, SweepResult> Sweep = new("tenants.sweep", Quick);

    /// <summary>Undoes or closes jobs whose orchestration was ended from outside; answers how many.</summary>
    public static readonly ActivityDefinition<Unit, int> SweepJobs = new("tenants.sweep_jobs", Policies.Round);

    /// <summary>Asks every server what is left of the tenant.</summary>
    public static readonly ActivityDefinition<InventoryRequest, Inventory> TakeInventory = new("tenants.take_inventory", Quick);
}

/// <summary>What to look for.</summary>
/// <param name="Place">The tenant.</param>
/// <param name="KeepBackups">True if backups that are found are kept on purpose.</param>
public sealed record InventoryRequest(TenantDescriptor Place, bool KeepBackups);

/// <summary>How a destroy ended.</summary>
public sealed record TenantDestroyEnd
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required Inventory Inventory { get; init; }
    public string? Reason { get; init; }
}
