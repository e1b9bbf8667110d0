using Bibind.ControlPlane.Overview;
using Bibind.Durable.Hubs;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>How the installation stands: what to look at first.</summary>
public sealed record OverviewView
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Living tenants by state; failed and terminated ones of the last 24 hours.</summary>
    public required IReadOnlyDictionary<string, long> Tenants { get; init; }

    /// <summary>Jobs that ended in the last 24 hours, by hour; hours without any are left out.</summary>
    public required IReadOnlyList<OverviewHourView> Hours { get; init; }
    public required OverviewJobsView Jobs { get; init; }
    public required IReadOnlyList<OverviewServerView> Servers { get; init; }
    public required OverviewCertificatesView Certificates { get; init; }

    /// <summary>Tenants whose newest good backup is older than their plan allows.</summary>
    public required long BackupsMissing { get; init; }

    /// <summary>Billing's messages: those that wait or are parked, and those of the last 24 hours that were refused.</summary>
    public required IReadOnlyDictionary<string, long> Billing { get; init; }

    /// <summary>What tenants still lack, by kind.</summary>
    public required IReadOnlyDictionary<string, long> Pending { get; init; }

    /// <summary>Work that is due and waits for a worker; null where the engine does not say.</summary>
    public OverviewQueueView? Queue { get; init; }

    /// <summary>From what was counted.</summary>
    public static OverviewView Of(OverviewFigures figures, HubBacklog? backlog)
    {
        ArgumentNullException.ThrowIfNull(figures);
        return new OverviewView
        {
            At = figures.At,
            Tenants = figures.Tenants,
            Hours = [.. figures.Hours.Select(h => new OverviewHourView(h.Hour, h.Succeeded, h.Failed, h.Cancelled))],
            Jobs = new OverviewJobsView(figures.Jobs.Open, figures.Jobs.OldestAt),
            Servers = [.. figures.Servers.Select(s => new OverviewServerView(s.Code, s.State, s.Health, s.HealthReason, s.Draining, s.Tenants, s.MaxTenants))],
            Certificates = new OverviewCertificatesView(
                figures.Certificates.EndingSoon, figures.Certificates.Failing, figures.Certificates.FirstEndsAt,
                [.. figures.NextCertificates.Select(c => new OverviewCertificateView(c.Host, c.Tenant, c.NotAfter, c.Failures, c.LastFailure is null ? null : JobSteps.Cut(c.LastFailure)))]),
            BackupsMissing = figures.BackupsMissing,
            Billing = figures.Billing,
            Pending = figures.Pending,
            Queue = backlog is null ? null : new OverviewQueueView(
                backlog.Messages, (long)backlog.OldestMessage.TotalMilliseconds, backlog.Activities, (long)backlog.OldestActivity.TotalMilliseconds, backlog.Quarantined),
        };
    }
}

/// <summary>Jobs that ended in one hour.</summary>
/// <param name="Hour">Its beginning, UTC.</param>
/// <param name="Succeeded">How many succeeded.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="Cancelled">How many were cancelled.</param>
public sealed record OverviewHourView(DateTimeOffset Hour, int Succeeded, int Failed, int Cancelled);

/// <summary>Jobs that have not ended.</summary>
/// <param name="Open">How many.</param>
/// <param name="OldestAt">When the oldest of them was ordered.</param>
public sealed record OverviewJobsView(long Open, DateTimeOffset? OldestAt);

/// <summary>Work that is due and waits for a worker, counted up to 10,000 of each kind.</summary>
/// <param name="Orchestrations">Messages of orchestrations.</param>
/// <param name="OldestOrchestrationMs">How long the oldest of them has waited.</param>
/// <param name="Activities">Steps that nobody runs.</param>
/// <param name="OldestActivityMs">How long the oldest of them has waited.</param>
/// <param name="Quarantined">Orchestrations that were taken from all workers.</param>
public sealed record OverviewQueueView(long Orchestrations, long OldestOrchestrationMs, long Activities, long OldestActivityMs, long Quarantined);

/// <summary>A server and how full it is.</summary>
/// <param name="Code">Its code.</param>
/// <param name="State">draft, active, maintenance, offline or disabled.</param>
/// <param name="Health">healthy, warning, critical or unknown.</param>
/// <param name="HealthReason">Why it is not healthy.</param>
/// <param name="Draining">True if it takes no new tenants.</param>
/// <param name="Tenants">Living tenants on it.</param>
/// <param name="MaxTenants">How many it may hold.</param>
public sealed record OverviewServerView(string Code, string State, string Health, string? HealthReason, bool Draining, int Tenants, int MaxTenants);

/// <summary>How certificates stand.</summary>
/// <param name="EndingSoon">Those that end within 21 days, when they should have been renewed.</param>
/// <param name="Failing">Those that could not be renewed at the last try.</param>
/// <param name="FirstEndsAt">When the first of all ends.</param>
/// <param name="Next">Those that need a look, the most urgent first; ten at most.</param>
public sealed record OverviewCertificatesView(long EndingSoon, long Failing, DateTimeOffset? FirstEndsAt, IReadOnlyList<OverviewCertificateView> Next);

/// <summary>A certificate that needs a look.</summary>
/// <param name="Host">The name that it is for.</param>
/// <param name="Tenant">Whose it is; null for the platform's own.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="Failures">How often its renewal has failed.</param>
/// <param name="LastFailure">Why, the last time.</param>
public sealed record OverviewCertificateView(string Host, string? Tenant, DateTimeOffset NotAfter, int Failures, string? LastFailure);

/// <summary><c>/api/overview</c>.</summary>
internal static class OverviewApi
{
    public static void MapOverview(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/overview", ShowAsync).WithTags("overview").NeedsRole(Role.Viewer).Describe("getOverview", "Shows how the installation stands: what to look at first")
            .Answers<OverviewView>();

    private static async Task<IResult> ShowAsync(HttpContext context, OverviewStore overview, IServiceProvider services)
    {
        new QueryReader(context).ThrowIfAny();
        var figures = overview.ReadAsync(context.RequestAborted);

        // On another engine nobody here knows its queues.
        var backlog = services.GetServices<ITaskHub>().FirstOrDefault() is { } hub ? await hub.GetBacklogAsync(context.RequestAborted) : null;
        return TypedResults.Ok(OverviewView.Of(await figures, backlog));
    }
}
