namespace Bibind.EndToEnd.Tests;

/// <summary>The steps of the orchestrations, by wire name: a step that is added must be added here, or a test says so.</summary>
internal static class Steps
{
    public static readonly string[] OfProvisioning =
    [
        "tenants.reserve", "credentials.prepare", "filestore.copy", "database.clone", "dns.create_record", "certificates.issue", "storage.create_bucket",
        "application.configure", "routing.publish", "application.hand_over", "application.create_standard_user", "application.smoke_test",
        "tenants.activate", "caller.notify",
    ];

    /// <summary>After the activation, in a job of its own.</summary>
    public static readonly string[] OfTheFirstBackup = ["backup_jobs.begin", "backup.take", "backup_jobs.end_backup"];

    /// <summary>Steps whose failure fails the order.</summary>
    public static readonly string[] ThatMustSucceed = [.. OfProvisioning.Where(s => s != "caller.notify")];

    public static readonly string[] OfDestroying =
    [
        "tenants.begin_destroy", "backup.take", "routing.withdraw", "dns.delete_record", "certificates.revoke", "storage.delete_bucket",
        "database.drop", "filestore.remove", "credentials.forget", "tenants.take_inventory", "tenants.end_destroy",
    ];

    public static readonly string[] OfRestoring =
    [
        "backup_jobs.begin", "backup.check_restore", "backup.take", "routing.suspend", "backup.restore", "application.hand_over",
        "application.set_address", "routing.publish", "application.smoke_test", "backup_jobs.end_restore",
    ];

    public static readonly string[] OfRestoringIntoNew =
    [
        "tenants.reserve", "credentials.prepare", "backup.restore", "dns.create_record", "certificates.issue", "storage.create_bucket",
        "application.adopt", "routing.publish", "application.hand_over", "application.create_standard_user", "application.smoke_test",
        "tenants.activate",
    ];

    public static readonly string[] OfMakingAStagingCopy =
    [
        "tenants.reserve", "staging.find_source", "backup.take", "credentials.prepare", "backup.restore", "dns.create_record", "certificates.issue", "storage.create_bucket",
        "staging.neutralise", "routing.publish", "application.hand_over", "application.create_standard_user", "application.smoke_test", "tenants.activate", "backup.delete_one",
    ];

    public static readonly string[] OfRefreshingAStagingCopy =
    [
        "backup_jobs.begin", "staging.find_source", "backup.take", "backup.check_restore", "routing.suspend", "backup.restore", "staging.neutralise", "application.hand_over",
        "routing.publish", "application.create_standard_user", "application.smoke_test", "backup_jobs.end_restore", "backup.delete_one",
    ];

    public static readonly string[] OfMoving =
    [
        "moves.begin", "moves.check", "backup.take", "backup.check_restore", "backup.restore", "routing.suspend", "moves.freeze", "moves.compare",
        "application.hand_over", "application.smoke_test", "moves.switch", "dns.create_record", "routing.publish", "backup.delete_one", "moves.end",
    ];

    public static readonly string[] OfRemovingACopy = ["moves.begin_removal", "database.drop", "filestore.remove", "moves.take_inventory", "moves.end_removal"];

    /// <summary>With statements and a file store.</summary>
    public static readonly string[] OfUpgrading =
    [
        "upgrades.begin", "upgrades.check", "backup.take", "upgrades.make_copy", "filestore.copy", "upgrades.neutralise", "upgrades.apply", "application.hand_over",
        "application.smoke_test", "upgrades.drop_copy", "filestore.remove", "backup.delete_one", "upgrades.take_inventory", "upgrades.close", "routing.suspend",
        "moves.freeze", "moves.unfreeze", "upgrades.pass", "routing.publish", "upgrades.end",
    ];

    public static readonly string[] OfChangingModules =
    [
        "backup_jobs.begin", "modules.look", "application.smoke_test", "routing.suspend", "backup.take", "backup.check_restore", "modules.apply", "modules.verify",
        "routing.publish", "modules.end",
    ];

    public static readonly string[] OfSuspending = ["suspensions.begin", "routing.suspend", "suspensions.shut_database", "suspensions.end"];

    public static readonly string[] OfLifting =
    [
        "suspensions.begin_lift", "moves.unfreeze", "application.hand_over", "application.set_address", "routing.publish", "application.smoke_test", "suspensions.end_lift",
    ];

    public static readonly string[] OfSupportAccess = ["support.look", "support.create_account", "support.open", "support.remove_account", "support.end"];

    public static readonly string[] OfUndoing =
    [
        "routing.withdraw", "storage.delete_bucket", "certificates.revoke", "dns.delete_record", "database.drop", "filestore.remove",
        "credentials.forget", "backup.delete_all", "tenants.deactivate", "tenants.take_inventory", "tenants.mark_failed",
    ];

    public static readonly string[] OfBuildingAVersion =
        ["templates.check", "templates.create_database", "templates.initialise", "templates.smoke_test", "template_versions.mark_candidate"];

    public static readonly string[] OfPromotingAVersion =
    [
        "template_versions.begin_trial", "credentials.prepare", "filestore.copy", "database.clone", "application.configure", "application.hand_over",
        "application.smoke_test", "database.drop", "filestore.remove", "credentials.forget", "template_versions.take_inventory", "template_versions.promote",
    ];

    public static readonly string[] OfRetiringAVersion = ["templates.drop_database", "template_versions.take_inventory", "template_versions.end_retirement"];
}
