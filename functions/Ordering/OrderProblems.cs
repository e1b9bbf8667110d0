using Bibind.Activities.Database;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Modules;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Upgrades;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>The one place where what a store refused becomes a problem; the kinds are stable.</summary>
internal static class OrderProblems
{
    private const string WrongState = "The tenant's state does not allow it";
    private const string JobRunning = "A job of this tenant is running";

    public static Problem Of(ReservationRefused refused) => refused.Kind switch
    {
        ReservationRefusalKind.UnknownOffer or ReservationRefusalKind.UnknownPlan or ReservationRefusalKind.UnknownTemplate
            or ReservationRefusalKind.ApplicationNotProvided or ReservationRefusalKind.LocaleNotOffered or ReservationRefusalKind.DatabaseNameInvalid
            or ReservationRefusalKind.LimitAbovePlan =>
            ProblemFactory.Invalid(refused.Field, refused.Message),
        ReservationRefusalKind.OfferClosed => ProblemFactory.Conflict("offer-closed", "The offer is closed", refused.Message, refused.Field),
        ReservationRefusalKind.PlanClosed => ProblemFactory.Conflict("plan-closed", "The plan is closed", refused.Message, refused.Field),
        ReservationRefusalKind.CodeTaken => ProblemFactory.Conflict("code-taken", "The code is taken", refused.Message, refused.Field),
        ReservationRefusalKind.HostTaken => ProblemFactory.Conflict("host-taken", "The host is taken", refused.Message, refused.Field),
        ReservationRefusalKind.DatabaseTaken => ProblemFactory.Conflict("database-taken", "The database name is taken", refused.Message, refused.Field),
        ReservationRefusalKind.TemplateNotReady => ProblemFactory.Conflict("template-not-ready", "The template is not ready", refused.Message, refused.Field),
        ReservationRefusalKind.NoSuitableServer => ProblemFactory.Conflict("no-suitable-server", "No server fits", refused.Message, refused.Field),
        ReservationRefusalKind.NoActiveServer => ProblemFactory.Conflict("no-active-server", "No server is active", refused.Message),
        _ => ProblemFactory.Conflict("no-capacity", "There is no room", refused.Message),
    };

    /// <summary>In words that tell a customer nothing of the operators' servers.</summary>
    public static Problem ForCustomers(ReservationRefused refused) => refused.Kind switch
    {
        ReservationRefusalKind.DatabaseTaken => Of(refused with { Message = "The name that its database would have is taken: choose another code." }),
        ReservationRefusalKind.NoSuitableServer => Of(refused with { Message = "There is no such place: choose another region and other labels, or ask the operators." }),
        ReservationRefusalKind.TemplateNotReady or ReservationRefusalKind.NoActiveServer or ReservationRefusalKind.NoCapacity =>
            Of(refused with { Message = "It cannot be made for the moment: try again later, or ask the operators." }),
        _ => Of(refused),
    };

    public static Problem Of(TerminationRefused refused) => refused.Kind switch
    {
        TerminationRefusalKind.NotFound => ProblemFactory.NotFound(refused.Message),
        TerminationRefusalKind.JobRunning or TerminationRefusalKind.Provisioning => ProblemFactory.Conflict("job-running", JobRunning, refused.Message),
        TerminationRefusalKind.NamesTakenAgain => ProblemFactory.Conflict("names-taken-again", "Its names belong to another tenant", refused.Message),
        _ => ProblemFactory.Conflict("nothing-to-remove", "There is nothing to remove", refused.Message),
    };

    public static Problem Of(BackupJobRefused refused) => refused.Kind switch
    {
        BackupJobRefusalKind.NotFound => ProblemFactory.NotFound(refused.Message),
        BackupJobRefusalKind.JobRunning => ProblemFactory.Conflict("job-running", JobRunning, refused.Message),
        _ => ProblemFactory.Conflict("tenant-not-active", WrongState, refused.Message),
    };

    public static Problem Of(MoveResult refused) => refused switch
    {
        MoveResult.NotFound gone => ProblemFactory.NotFound(gone.Message),
        MoveResult.Invalid wrong => ProblemFactory.Invalid(wrong.Field, wrong.Message),
        MoveResult.JobRunning running => ProblemFactory.Conflict("job-running", JobRunning, running.Message),
        MoveResult.NoServer none => ProblemFactory.Conflict("no-suitable-server", "No server fits", none.Message),
        MoveResult.WrongState wrong => ProblemFactory.Conflict("move-state", "The state does not allow it", wrong.Message),
        _ => throw new InvalidOperationException($"A move was neither opened nor refused: {refused.GetType().Name}."),
    };

    public static Problem Of(UpgradeResult refused) => refused switch
    {
        UpgradeResult.NotFound gone => ProblemFactory.NotFound(gone.Message),
        UpgradeResult.JobRunning running => ProblemFactory.Conflict("job-running", JobRunning, running.Message),
        UpgradeResult.WrongState wrong => ProblemFactory.Conflict("upgrade-state", "The state does not allow it", wrong.Message),
        _ => throw new InvalidOperationException($"An upgrade was neither opened nor refused: {refused.GetType().Name}."),
    };

    public static Problem Of(StagingResult refused) => refused switch
    {
        StagingResult.NotFound => ProblemFactory.NoSuchTenant,
        StagingResult.Invalid wrong => ProblemFactory.Invalid(wrong.Field, wrong.Message),
        StagingResult.JobRunning running => ProblemFactory.Conflict("job-running", JobRunning, running.Message),
        StagingResult.WrongState wrong => ProblemFactory.Conflict("tenant-not-active", WrongState, wrong.Message),
        _ => throw new InvalidOperationException($"A staging copy was neither opened nor refused: {refused.GetType().Name}."),
    };

    public static Problem Of(AdoptionRefused refused) => refused.Kind switch
    {
        AdoptionRefusalKind.NotFound => ProblemFactory.NotFound(refused.Message),
        AdoptionRefusalKind.JobRunning => ProblemFactory.Conflict("job-running", JobRunning, refused.Message),
        _ => ProblemFactory.Conflict("tenant-state", WrongState, refused.Message),
    };

    public static Problem Of(DomainRefused refused) => refused.Kind switch
    {
        DomainRefusalKind.NoTenant or DomainRefusalKind.NoDomain => ProblemFactory.NotFound(refused.Message),
        DomainRefusalKind.Taken => ProblemFactory.Conflict("domain-taken", "The domain is taken", refused.Message, "name"),
        DomainRefusalKind.JobRunning => ProblemFactory.Conflict("job-running", "A job is at work", refused.Message),
        _ => ProblemFactory.Conflict("tenant-state", WrongState, refused.Message),
    };

    public static Problem Of(TemplateRefused refused) => refused.Kind switch
    {
        TemplateRefusalKind.UnknownServer => ProblemFactory.Invalid(refused.Field, refused.Message),
        TemplateRefusalKind.ServerNotActive => ProblemFactory.Conflict("server-not-active", "The server is not active", refused.Message, refused.Field),
        TemplateRefusalKind.TemplateExists => ProblemFactory.Conflict("template-exists", "The template exists already", refused.Message, refused.Field),
        _ => ProblemFactory.Conflict("database-taken", "The database name is taken", refused.Message, refused.Field),
    };

    public static Problem Of(TemplateVersionResult.Refused refused) => refused.Kind switch
    {
        TemplateVersionRefusal.NotFound => ProblemFactory.NotFound(refused.Message),
        TemplateVersionRefusal.ServerNotActive => ProblemFactory.Conflict("server-not-active", "The server is not active", refused.Message, refused.Field),
        TemplateVersionRefusal.TemplateNotReady => ProblemFactory.Conflict("template-not-ready", "The template is not ready", refused.Message, refused.Field),
        TemplateVersionRefusal.DatabaseTaken => ProblemFactory.Conflict("database-taken", "The database name is taken", refused.Message, refused.Field),
        TemplateVersionRefusal.Busy => ProblemFactory.Conflict("template-version-busy", "Another version is under way", refused.Message, refused.Field),
        _ => ProblemFactory.Conflict("template-version-state", "The version's state does not allow it", refused.Message, refused.Field),
    };

    /// <summary>Why the tenant with this code is neither suspended, nor opened, nor given another plan.</summary>
    public static Problem Of(SuspensionResult result, string code) => result switch
    {
        SuspensionResult.NotFound => ProblemFactory.NoSuchTenant,
        SuspensionResult.JobRunning(var job) =>
            ProblemFactory.Conflict("job-running", JobRunning, $"Job '{job}' of tenant '{code}' is in the way: wait for its end."),
        SuspensionResult.AlreadySuspended(var cause, var since) => ProblemFactory.Conflict(
            "already-suspended", "The tenant is suspended already", $"Tenant '{code}' is suspended ({cause}) since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC; resume it first to suspend it for another cause."),
        SuspensionResult.NotSuspended => ProblemFactory.Conflict("not-suspended", "The tenant is not suspended", $"Tenant '{code}' is open: there is nothing to resume."),
        SuspensionResult.ByProvider => ProblemFactory.Conflict(
            "suspended-by-provider", "The tenant was suspended by its provider", $"Tenant '{code}' was suspended by its provider, who alone opens it again: ask there."),
        SuspensionResult.NotActive(var state) => ProblemFactory.Conflict("not-active", WrongState, $"Tenant '{code}' is {state}: this needs an active or a suspended tenant."),
        SuspensionResult.UnknownPlan(var plan, var known) => new Problem(
            StatusCodes.Status422UnprocessableEntity, "unknown-plan", "There is no such plan", $"There is no plan '{plan}'; there are {string.Join(", ", known.Take(10))}.")
        {
            Errors = new Dictionary<string, string[]> { ["plan"] = [$"is unknown; there are {string.Join(", ", known.Take(10))}"] },
        },
        SuspensionResult.PlanClosed(var plan) => ProblemFactory.Conflict(
            "plan-closed", "The plan is closed", $"The plan '{plan}' is closed for new orders: choose another, or open it with \"active\": true.", "plan"),
        SuspensionResult.SamePlan(var plan, var version) => ProblemFactory.Conflict(
            "same-plan", "The tenant has the plan already", $"Tenant '{code}' has the plan '{plan}' in its newest version {version}.", "plan"),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };

    /// <summary>Why new passwords cannot be set for the tenant with this code.</summary>
    public static Problem Of(CredentialResetResult result, string code) => result switch
    {
        CredentialResetResult.NotFound => ProblemFactory.NoSuchTenant,
        CredentialResetResult.InTheWay(var job) =>
            ProblemFactory.Conflict("job-running", JobRunning, $"Job '{job}' of tenant '{code}' is in the way: wait for its end."),
        CredentialResetResult.NotActive(var state) => ProblemFactory.Conflict(
            "tenant-not-active", "The tenant is not active", $"Tenant '{code}' is {state}: passwords are set only where it is active."),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };

    /// <summary>Why an operator does not get into the tenant with this code, or an access is not changed.</summary>
    public static Problem Of(SupportResult result, string code) => result switch
    {
        SupportResult.NoTenant => ProblemFactory.NoSuchTenant,
        SupportResult.NotFound => ProblemFactory.NoSuchSupportAccess,
        SupportResult.NotActive(var state) => ProblemFactory.Conflict(
            "tenant-not-active", "The tenant is not active", $"Tenant '{code}' is {state}: its application is entered only where it is active. {RemedyOf(state)}"),
        SupportResult.Live(var access) => ProblemFactory.Conflict(
            "support-access-live", "You have another access to it", $"Support access {access.Id} to tenant '{code}' is {access.State}, for another reason, level or time: use it, or POST /api/tenants/{code}/support-access/{access.Id}/revoke first."),
        SupportResult.WrongState(var access) => ProblemFactory.Conflict(
            "support-access-state", "The access is in another state", $"Support access {access.Id} to tenant '{code}' is {access.State}. {RemedyOf(access)}"),
        _ => throw new InvalidOperationException($"An access was neither opened nor refused: {result.GetType().Name}."),
    };

    private static string RemedyOf(string state) => state switch
    {
        TenantStates.Suspended => "POST /api/tenants/{code}/resume opens it.",
        TenantStates.Terminating or TenantStates.Terminated or TenantStates.Failed => "There is nothing to enter.",
        _ => "Wait for the end of its job: GET /api/jobs?tenant={code}.",
    };

    private static string RemedyOf(SupportAccess access) => access.State switch
    {
        SupportStates.Waiting => "The customer has to consent first.",
        SupportStates.Granting => "The account is being made: try again in a moment.",
        SupportStates.Open => "It can be revoked.",
        SupportStates.Ending => "Its account is being removed.",
        _ => "It is over: ask for another one.",
    };

    /// <summary>Why the modules of the tenant with this code cannot be changed.</summary>
    public static Problem Of(ModuleJobResult result, string code) => result switch
    {
        ModuleJobResult.NotFound => ProblemFactory.NoSuchTenant,
        ModuleJobResult.InTheWay(var job) =>
            ProblemFactory.Conflict("job-running", JobRunning, $"Job '{job}' of tenant '{code}' is in the way: wait for its end."),
        ModuleJobResult.NotActive(var state) => ProblemFactory.Conflict(
            "tenant-not-active", "The tenant is not active", $"Tenant '{code}' is {state}: modules and theme belong to a tenant that is active."),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };

    /// <summary>Why a database cannot be made the tenant's own.</summary>
    public static Problem Of(AdoptableDatabase database) => database.Kind switch
    {
        AdoptableKind.Ours => ProblemFactory.Conflict(
            "database-known", "The database is the tenant's own already", "It is known as the tenant's own: there is nothing to adopt."),
        AdoptableKind.Missing => ProblemFactory.Conflict("database-missing", "There is no such database", database.Words),
        AdoptableKind.Invalid => ProblemFactory.Conflict("database-invalid", "The database is invalid", database.Words),
        AdoptableKind.Others => ProblemFactory.Conflict("database-taken", "The database is another's", database.Words),
        _ => ProblemFactory.Conflict("database-owner", "The database belongs to another role", database.Words),
    };
}
