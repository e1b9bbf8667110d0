namespace Bibind.ControlPlane.Subscriptions;

/// <summary>Something that happens to a subscription.</summary>
public abstract record SubscriptionEvent
{
    private SubscriptionEvent()
    {
    }

    /// <summary>As the record of changes calls it.</summary>
    public abstract string Name { get; }

    /// <summary>An invoice was paid.</summary>
    /// <param name="At">When.</param>
    /// <param name="PeriodEnd">Until when it is paid; one period more if null.</param>
    public sealed record Paid(DateTimeOffset At, DateTimeOffset? PeriodEnd = null) : SubscriptionEvent
    {
        public override string Name => "invoice.paid";
    }

    /// <summary>A payment failed.</summary>
    public sealed record PaymentFailed(DateTimeOffset At) : SubscriptionEvent
    {
        public override string Name => "payment.failed";
    }

    /// <summary>The customer has another plan, or pays for another period.</summary>
    public sealed record PlanChanged(string Plan, string? Period = null) : SubscriptionEvent
    {
        public override string Name => "plan.changed";
    }

    /// <summary>Billing closes it.</summary>
    /// <param name="Cause">One of <see cref="Contracts.SuspensionCauses"/>.</param>
    public sealed record Suspended(string Cause) : SubscriptionEvent
    {
        public override string Name => "subscription.suspended";
    }

    /// <summary>Billing opens it again, and withdraws a cancellation that is not due yet.</summary>
    public sealed record Resumed(DateTimeOffset At) : SubscriptionEvent
    {
        public override string Name => "subscription.resumed";
    }

    /// <summary>The customer leaves.</summary>
    /// <param name="At">When that was said.</param>
    /// <param name="AtPeriodEnd">False: now.</param>
    /// <param name="FinalBackup">Whether a last backup is taken.</param>
    public sealed record Cancelled(DateTimeOffset At, bool AtPeriodEnd, bool FinalBackup) : SubscriptionEvent
    {
        public override string Name => "subscription.cancelled";
    }

    /// <summary>The tenant was removed by somebody else, or could not be made.</summary>
    public sealed record TenantGone(DateTimeOffset At) : SubscriptionEvent
    {
        public override string Name => "tenant-gone";
    }

    /// <summary>An operator changes it; what is null stays.</summary>
    public sealed record Edited : SubscriptionEvent
    {
        public override string Name => "changed";

        public required DateTimeOffset Now { get; init; }
        public string? Plan { get; init; }
        public string? Period { get; init; }

        /// <summary>Null if it stays.</summary>
        public Moment? PaidUntil { get; init; }

        /// <summary>Null if it stays.</summary>
        public Moment? CancelAt { get; init; }
    }

    /// <summary>A moment that is set, or emptied.</summary>
    public sealed record Moment(DateTimeOffset? Value);
}

/// <summary>What an event does to a subscription.</summary>
public abstract record SubscriptionOutcome
{
    private SubscriptionOutcome()
    {
    }

    /// <summary>It is as given from now on.</summary>
    /// <param name="Next">The subscription.</param>
    /// <param name="Note">What is to be said about it, if anything.</param>
    public sealed record Done(Subscription Next, string? Note = null) : SubscriptionOutcome;

    /// <summary>A later message, or the end of the subscription, has decided already.</summary>
    public sealed record Passed(string Reason) : SubscriptionOutcome;

    /// <summary>Somebody has to decide what is to become of it.</summary>
    public sealed record Refused(string Reason) : SubscriptionOutcome;
}
