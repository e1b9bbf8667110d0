using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.ControlPlane.Billing;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Queues.Billing;

/// <summary>Reads what a message wants done; every violation is named as the message names its fields.</summary>
internal static class BillingCommands
{
    private const string Prefix = $"{BillingEnvelope.Prefix}data.";

    /// <summary>The order of <c>subscription.created</c>: the words of <c>POST /api/tenants</c>, but for the code, which is the tenant's.</summary>
    /// <param name="message">The message.</param>
    /// <param name="requestedBy">Who orders.</param>
    /// <param name="check">Says what is wrong with the order; asked also when that is not whole.</param>
    /// <exception cref="ProblemException">422 with what is wrong.</exception>
    public static async Task<TenantOrder> ReadOrderAsync(BillingMessage message, string requestedBy, CommandCheck<TenantOrder> check)
    {
        var errors = new FieldErrors();
        using var given = JsonDocument.Parse(message.Data);
        if (given.RootElement.TryGetProperty("code", out _))
        {
            errors.Add($"{Prefix}code", $"is unknown; the code is {BillingEnvelope.Prefix}tenant");
        }

        using var command = JsonDocument.Parse(WithCode(message, given.RootElement));
        var order = await CommandReader.ReadAsync<CreateTenant>(command.RootElement, errors, (order, isWhole) => check(order.ToOrder(requestedBy), isWhole));
        return order.ToOrder(requestedBy);
    }

    /// <summary>A refusal in the message's words.</summary>
    public static string Words(ProblemException refused) =>
        refused.Problem.Errors is not { } errors
            ? refused.Problem.Detail
            : string.Join(' ', errors.Select(e => $"{NameOf(e.Key)} {string.Join("; ", e.Value).TrimEnd('.')}."));

    private static string NameOf(string field) =>
        field == "code" ? $"{BillingEnvelope.Prefix}tenant" : field.StartsWith(Prefix, StringComparison.Ordinal) ? field : Prefix + field;

    // The members stand as they came, twice given ones too, for the shape to judge; but for the code, which was judged.
    private static string WithCode(BillingMessage message, JsonElement given)
    {
        var members = given.EnumerateObject().Where(m => JsonWords.NameOf(m) != "code").Select(m => m.ToString());
        return $"{{{string.Join(',', members.Prepend($"\"code\":{JsonValue.Create(message.Tenant)!.ToJsonString()}"))}}}";
    }
}
