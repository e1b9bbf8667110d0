using System.Text;
using Dapper;

namespace Bibind.ControlPlane.Jobs;

/// <summary>Which jobs are wanted; null means any.</summary>
public sealed record JobFilter
{
    /// <summary>How many of the newest jobs that meet everything else are looked through for a text or a duration.</summary>
    public const int LookedThrough = 20_000;

    /// <summary>One of several.</summary>
    public IReadOnlyCollection<string>? Ids { get; init; }
    public string? TenantCode { get; init; }

    /// <summary>Of this customer's tenants.</summary>
    public string? Customer { get; init; }
    public string? Kind { get; init; }

    /// <summary>True: only jobs that have not ended; false: only those that have.</summary>
    public bool? Open { get; init; }

    /// <summary>One of <see cref="JobOutcomes"/>.</summary>
    public string? Outcome { get; init; }

    /// <summary>Ordered then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Ordered before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>In its id, subject, reason or who ordered it, whatever the case.</summary>
    public string? Text { get; init; }

    /// <summary>Lasted as long, or longer; one that is open lasts until now.</summary>
    public TimeSpan? MinDuration { get; init; }

    /// <summary>True: none whose order was made again.</summary>
    public bool NotRetried { get; init; }

    /// <summary>True if it asks for what no index knows.</summary>
    internal bool LooksThrough => Text is not null || MinDuration is not null;

    /// <summary>
    /// The rows as a FROM clause. Only what is asked for is in it, so that each question finds its index; what no index knows is looked for among
    /// the newest <see cref="LookedThrough"/> of the rest.
    /// </summary>
    internal string FromSql()
    {
        var where = new StringBuilder("from control.jobs j where true");
        AddIf(Ids is not null, "j.id = any(@Ids)");
        AddIf(TenantCode is not null, "j.tenant_code = @TenantCode");
        AddIf(Customer is not null, "j.tenant_id in (select t.id from control.tenants t where t.customer = @Customer)");
        AddIf(Kind is not null, "j.kind = @Kind");
        AddIf(Outcome is not null, "j.outcome = @Outcome");
        AddIf(Open is true, "j.finished_at is null");
        AddIf(Open is false, "j.finished_at is not null");
        AddIf(From is not null, "j.created_at >= @From");
        AddIf(To is not null, "j.created_at < @To");
        AddIf(NotRetried, "j.retried_by is null");
        if (!LooksThrough)
        {
            return where.ToString();
        }

        var newest = $"from (select j.* {where} order by j.created_at desc, j.id desc limit {LookedThrough.ToString(System.Globalization.CultureInfo.InvariantCulture)}) j where true";
        where.Clear().Append(newest);
        AddIf(Text is not null, "strpos(lower(concat_ws(' ', j.id, j.subject, j.requested_by, j.reason)), lower(@Text)) > 0");
        AddIf(MinDuration is not null, "coalesce(j.finished_at, @Now) - j.created_at >= @MinDurationMs * interval '1 millisecond'");
        return where.ToString();

        void AddIf(bool isAsked, string condition)
        {
            if (isAsked)
            {
                where.Append(" and ").Append(condition);
            }
        }
    }

    internal DynamicParameters Parameters(DateTimeOffset now) => new(new { Ids = Ids?.ToArray(), TenantCode, Customer, Kind, Outcome, From, To, Text, MinDurationMs = MinDuration?.TotalMilliseconds, Now = now });
}
