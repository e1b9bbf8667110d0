using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.ControlPlane.Billing;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Queues.Billing;

/// <summary>The data of <c>subscription.cancelled</c>.</summary>
internal sealed record SubscriptionCancelled
{
    public const string Now = "now";
    public const string PeriodEnd = "period-end";

    /// <summary><c>now</c> unless given, or <c>period-end</c>.</summary>
    public string When { get; init; } = Now;

    /// <summary>False removes the tenant without a last backup.</summary>
    public bool FinalBackup { get; init; } = true;
}

/// <summary>Reads what a message wants done; every violation is named as the message names its fields.</summary>
internal static class BillingCommands
{
    private const string Prefix = $"{BillingEnvelope.Prefix}data.";

    /// <summary>The order of <c>subscription.created</c>: the words of <c>POST /api/tenants</c>, but for the code, which is the tenant's.</summary>
    /// <exception cref="ProblemException">422 with what is wrong.</exception>
    public static TenantOrder ReadOrder(BillingMessage message, string requestedBy)
    {
        var errors = new FieldErrors();
        using var given = JsonDocument.Parse(message.Data);
        if (given.RootElement.TryGetProperty("code", out _))
        {
            errors.Add($"{Prefix}code", $"is unknown; the code is {BillingEnvelope.Prefix}tenant");
        }

        errors.ThrowIfAny();
        using var command = JsonDocument.Parse(WithCode(message));
        CommandShape.Check(command.RootElement, typeof(CreateTenant), errors);
        errors.ThrowIfAny();
        return command.RootElement.Deserialize<CreateTenant>(ApiJson.Options)!.ToOrder(requestedBy);
    }

    /// <summary>The wish of <c>subscription.cancelled</c>.</summary>
    /// <exception cref="ProblemException">422 with what is wrong.</exception>
    public static SubscriptionCancelled ReadCancellation(BillingMessage message)
    {
        var errors = new FieldErrors();
        using var given = JsonDocument.Parse(message.Data);
        CommandShape.Check(given.RootElement, typeof(SubscriptionCancelled), errors);
        errors.ThrowIfAny();
        var cancellation = given.RootElement.Deserialize<SubscriptionCancelled>(ApiJson.Options)!;
        if (cancellation.When is not (SubscriptionCancelled.Now or SubscriptionCancelled.PeriodEnd))
        {
            errors.Add("when", $"must be {SubscriptionCancelled.Now} or {SubscriptionCancelled.PeriodEnd}");
        }

        errors.ThrowIfAny();
        return cancellation;
    }

    /// <summary>A refusal in the message's words.</summary>
    public static string Words(ProblemException refused) =>
        refused.Problem.Errors is not { } errors
            ? refused.Problem.Detail
            : string.Join(' ', errors.Select(e => $"{NameOf(e.Key)} {string.Join("; ", e.Value).TrimEnd('.')}."));

    private static string NameOf(string field) =>
        field == "code" ? $"{BillingEnvelope.Prefix}tenant" : field.StartsWith(Prefix, StringComparison.Ordinal) ? field : Prefix + field;

    // The members stand as they came, twice given ones too, for the shape to judge.
    private static string WithCode(BillingMessage message)
    {
        var members = message.Data.AsSpan().Trim()[1..^1].Trim().ToString();
        var code = $"\"code\":{JsonValue.Create(message.Tenant)!.ToJsonString()}";
        return members.Length == 0 ? $"{{{code}}}" : $"{{{code},{members}}}";
    }
}
