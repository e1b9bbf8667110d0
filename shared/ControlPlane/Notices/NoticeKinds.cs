namespace Bibind.ControlPlane.Notices;

/// <summary>What people are told about.</summary>
public static class NoticeKinds
{
    public const string Welcome = "welcome";
    public const string TrialEnding = "trial-ending";
    public const string SubscriptionExpiring = "subscription-expiring";
    public const string Suspended = "suspended";
    public const string Resumed = "resumed";
    public const string QuotaReached = "quota-reached";
    public const string BackupMissing = "backup-missing";
    public const string CertificateFailing = "certificate-failing";
    public const string JobFailed = "job-failed";
    public const string BillingGapPassed = "billing-gap-passed";
    public const string DriftFound = "drift-found";
    public const string AlertRaised = "alert-raised";

    /// <summary>Asks a customer for the consent to an operator's access.</summary>
    public const string SupportRequested = "support-requested";

    /// <summary>An operator can enter a tenant's application, without having had to ask.</summary>
    public const string SupportOpened = "support-opened";

    /// <summary>An operator cannot enter it any more.</summary>
    public const string SupportEnded = "support-ended";

    /// <summary>Asks somebody who registered for the proof of their address.</summary>
    public const string RegistrationConfirm = "registration-confirm";

    /// <summary>Tells somebody who registered why nothing came of it.</summary>
    public const string RegistrationRefused = "registration-refused";

    /// <summary>Sent by hand to one endpoint, to try it out.</summary>
    public const string Test = "test";

    /// <summary>Every kind there is.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Welcome, TrialEnding, SubscriptionExpiring, Suspended, Resumed, QuotaReached, BackupMissing, CertificateFailing, JobFailed, BillingGapPassed, DriftFound, AlertRaised, SupportRequested, SupportOpened, SupportEnded, RegistrationConfirm, RegistrationRefused, Test];

    /// <summary>Those that an endpoint may choose.</summary>
    public static IReadOnlyList<string> Causes { get; } = [.. All.Where(k => k is not (Test or RegistrationConfirm or RegistrationRefused))];

    /// <summary>Those that are e-mailed to the customer; the others are e-mailed to the operators.</summary>
    public static IReadOnlyList<string> ForCustomers { get; } = [Welcome, TrialEnding, SubscriptionExpiring, Suspended, Resumed, QuotaReached, SupportRequested, SupportOpened, SupportEnded];

    /// <summary>Those that stay open until their cause is over, however long that takes.</summary>
    public static IReadOnlyList<string> Standing { get; } = [QuotaReached, BackupMissing, CertificateFailing, DriftFound, AlertRaised];

    /// <summary>Those that are e-mailed to somebody who registered, and told to nobody else.</summary>
    public static IReadOnlyList<string> ForVisitors { get; } = [RegistrationConfirm, RegistrationRefused];

    /// <summary>Those that have templates.</summary>
    public static IReadOnlyList<string> Mailed { get; } = [.. Causes, .. ForVisitors];
}

/// <summary>How a receiver is told.</summary>
public static class NoticeChannels
{
    public const string Email = "email";
    public const string Webhook = "webhook";
}

/// <summary>How far a delivery is.</summary>
public static class DeliveryStates
{
    public const string Waiting = "waiting";
    public const string Sent = "sent";

    /// <summary>Given up, with the reason; <c>resend</c> begins anew.</summary>
    public const string Dead = "dead";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Waiting, Sent, Dead];
}

/// <summary>How an attempt went.</summary>
public static class AttemptResults
{
    public const string Sent = "sent";

    /// <summary>Tried again later.</summary>
    public const string Failed = "failed";

    /// <summary>Trying again cannot help.</summary>
    public const string Refused = "refused";
}
