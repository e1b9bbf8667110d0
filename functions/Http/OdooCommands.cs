using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bibind.Contracts;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Makes commands of records: for each event what it reads, and what that asks for.</summary>
internal static class OdooCommands
{
    private const string Now = "now";
    private const string PeriodEnd = "period_end";

    private static readonly TenantLocale Defaults = new();

    private static readonly string[] Order =
    [
        WebhookFields.Code, "name", "offer", WebhookFields.Plan, "template", WebhookFields.Customer, "customer_name", "customer_email", "lang", "tz", "date_format", "currency",
        "country", "vat", "region", "callback_url",
    ];

    private static readonly string[] Moments = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.FFFFFF"];

    // What an order calls its fields, where a record calls them otherwise.
    private static readonly Dictionary<string, string> OrderNames = new(StringComparer.Ordinal)
    {
        ["customerName"] = "customer_name",
        ["customerEmail"] = "customer_email",
        ["locale.language"] = "lang",
        ["locale.timeZone"] = "tz",
        ["locale.dateFormat"] = "date_format",
        ["locale.currency"] = "currency",
        ["locale.country"] = "country",
        ["locale.vat"] = "vat",
        ["callbackUrl"] = "callback_url",
    };

    /// <summary>Errors of an order, or of another command, under the names that the record gave its fields.</summary>
    public static IReadOnlyDictionary<string, string[]> InItsOwnWords(OdooRecord record, IReadOnlyDictionary<string, string[]> errors) =>
        errors.ToDictionary(
            e => record.NameOf(record.Event == WebhookEvents.AddDomain && e.Key == "name" ? WebhookFields.Domain : OrderNames.GetValueOrDefault(e.Key, e.Key)), e => e.Value);

    /// <summary>The order of a tenant; what is wrong with its fields stands in the record's errors.</summary>
    public static CreateTenant ReadOrder(OdooRecord record)
    {
        record.Require(Order, [WebhookFields.Code, "name", "offer"]);
        return new CreateTenant
        {
            Code = record.Find(WebhookFields.Code)!,
            Name = record.Find("name")!,
            Offer = record.Find("offer")!,
            Customer = record.Find(WebhookFields.Customer),
            CustomerName = record.Find("customer_name"),
            CustomerEmail = record.Find("customer_email"),
            Plan = record.Find(WebhookFields.Plan),
            Template = record.Find("template"),
            Locale = new TenantLocale
            {
                Language = record.Find("lang") ?? Defaults.Language,
                TimeZone = record.Find("tz") ?? Defaults.TimeZone,
                DateFormat = record.Find("date_format"),
                Currency = record.Find("currency") ?? Defaults.Currency,
                Country = record.Find("country"),
                Vat = record.Find("vat"),
            },
            Region = record.Find("region"),
            CallbackUrl = record.Find("callback_url"),
        };
    }

    /// <summary>What any other event asks for; null with what is wrong in the record's errors.</summary>
    /// <param name="record">The record.</param>
    /// <param name="caller">The console.</param>
    /// <param name="now">When it was delivered.</param>
    public static RecordWish? ReadWish(OdooRecord record, string caller, DateTimeOffset now)
    {
        var (more, required) = record.Event switch
        {
            WebhookEvents.Suspend => ((string[])[WebhookFields.Cause, WebhookFields.Reason], (string[])[]),
            WebhookEvents.Resume => ([WebhookFields.Reason], []),
            WebhookEvents.ChangePlan => ([WebhookFields.Plan, WebhookFields.Period, WebhookFields.Reason], [WebhookFields.Plan]),
            WebhookEvents.Cancel => ([WebhookFields.When, WebhookFields.WithoutBackup, WebhookFields.Reason], []),
            WebhookEvents.AddDomain => ([WebhookFields.Domain], [WebhookFields.Domain]),
            _ => ([], []),
        };
        record.Require([WebhookFields.Code, WebhookFields.EventKey, .. more], [WebhookFields.Code, .. required]);
        var tenant = record.Find(WebhookFields.Code);
        if (tenant is not null && !Codes.IsPlausible(tenant))
        {
            record.Errors.Add(record.NameOf(WebhookFields.Code), "must be the code of a tenant: lower-case letters, digits and hyphens");
        }

        var happened = Read(record, now);
        if (!record.Errors.IsEmpty)
        {
            return null;
        }

        return record.Event switch
        {
            WebhookEvents.AddDomain => new RecordWish.AddDomain(tenant!, record.Find(WebhookFields.Domain)!),
            WebhookEvents.BackUp => new RecordWish.BackUp(tenant!, FingerprintOf(record, WebhookEvent.Backup)),
            _ => new RecordWish.Change(
                tenant!, happened!, ReasonOf(record, caller), FingerprintOf(record, record.Event == WebhookEvents.ChangePlan ? WebhookEvent.Plan : WebhookEvent.State)),
        };
    }

    private static SubscriptionEvent? Read(OdooRecord record, DateTimeOffset now)
    {
        switch (record.Event)
        {
            case WebhookEvents.Suspend:
                var cause = record.Find(WebhookFields.Cause) ?? SuspensionCauses.Operator;
                if (!SuspensionCauses.All.Contains(cause))
                {
                    record.Errors.Add(record.NameOf(WebhookFields.Cause), $"must be {string.Join(" or ", SuspensionCauses.All)}");
                }

                return new SubscriptionEvent.Suspended(cause);
            case WebhookEvents.Resume:
                return new SubscriptionEvent.Resumed(now);
            case WebhookEvents.ChangePlan:
                var (plan, period) = (record.Find(WebhookFields.Plan), record.Find(WebhookFields.Period));
                if (plan is not null && !Codes.IsPlausible(plan))
                {
                    record.Errors.Add(record.NameOf(WebhookFields.Plan), "must be the code of a plan; GET /api/plans lists them");
                }

                if (period is not null && !BillingPeriod.All.Contains(period))
                {
                    record.Errors.Add(record.NameOf(WebhookFields.Period), $"must be {string.Join(" or ", BillingPeriod.All)}");
                }

                return new SubscriptionEvent.PlanChanged(plan ?? string.Empty, period);
            case WebhookEvents.Cancel:
                return ReadCancellation(record, now);
            default:
                return null;
        }
    }

    private static SubscriptionEvent? ReadCancellation(OdooRecord record, DateTimeOffset now)
    {
        var (when, keepsBackup) = (record.Find(WebhookFields.When) ?? PeriodEnd, record.Find(WebhookFields.WithoutBackup) is null);
        if (WebhookMapping.Fold(when) is Now or PeriodEnd)
        {
            return new SubscriptionEvent.Cancelled(now, WebhookMapping.Fold(when) == PeriodEnd, keepsBackup);
        }

        if (!DateTimeOffset.TryParseExact(when, Moments, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            || at.Year is < 2000 or >= 3000)
        {
            record.Errors.Add(record.NameOf(WebhookFields.When), $"must be {Now}, {PeriodEnd}, or the day in UTC on which it ends, such as 2027-01-31");
        }
        else if (!keepsBackup)
        {
            record.Errors.Add(record.NameOf(WebhookFields.WithoutBackup), $"goes with {Now} and {PeriodEnd} only");
        }

        return new SubscriptionEvent.Edited { Now = now, CancelAt = new SubscriptionEvent.Moment(at) };
    }

    // A long text must not keep a tenant open.
    private static string ReasonOf(OdooRecord record, string caller)
    {
        var reason = record.Find(WebhookFields.Reason)
            ?? string.Create(CultureInfo.InvariantCulture, $"{caller} asked for it ({record.Model} {record.RecordId}).");
        return reason.Length <= RecordedReason.Longest ? reason : reason[..(char.IsHighSurrogate(reason[RecordedReason.Longest - 2]) ? RecordedReason.Longest - 2 : RecordedReason.Longest - 1)] + "…";
    }

    // Everything but the tenant, whose id is compared, and the reason, which changes nothing.
    private static WebhookEvent FingerprintOf(OdooRecord record, string topic)
    {
        string[] matters =
        [
            record.Event!, record.Find(WebhookFields.Plan) ?? string.Empty, record.Find(WebhookFields.Period) ?? string.Empty, record.Find(WebhookFields.Cause) ?? string.Empty,
            record.Find(WebhookFields.When) ?? string.Empty, record.Find(WebhookFields.WithoutBackup) ?? string.Empty, record.Find(WebhookFields.EventKey) ?? string.Empty,
        ];
        return new WebhookEvent(topic, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', matters)))));
    }
}
