using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Checks the form of an order; whether it can be met is <see cref="Reservations"/>' answer.</summary>
public static partial class TenantOrderValidation
{
    // Names that people, mail servers, PostgreSQL or the platform itself look for.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "admin", "administrator", "api", "app", "autoconfig", "autodiscover", "bibind", "billing", "cdn", "console", "dns", "ftp", "help",
        "imap", "localhost", "login", "mail", "mx", "ns", "ns1", "ns2", "pop", "postgres", "root", "smtp", "static", "status", "support",
        "template0", "template1", "webmail", "webmaster", "www",
    };

    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(TenantOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var errors = new ValidationErrors();
        CheckCode(errors, order.Code);
        CheckName(errors, order.Name);
        errors.Unless(order.Customer is null || CustomerCodes.IsWellFormed(order.Customer), "customer", $"must be the code of a customer: {CustomerCodes.Rule}");
        CheckPerson(errors, order.CustomerName, order.CustomerEmail);
        errors.Unless(ValidationErrors.IsText(order.Offer, 64), "offer", "must be the code of an offer, such as odoo-shared");
        errors.Unless(order.Plan is null || ValidationErrors.IsText(order.Plan, 64), "plan", "must be the code of a plan, such as starter");
        errors.Unless(order.Template is null || ValidationErrors.IsText(order.Template, 64), "template", "must be the code of a template, such as blank");
        errors.Unless(ValidationErrors.IsText(order.RequestedBy, 128), "requestedBy", "must be 1 to 128 characters without control characters");
        errors.Unless(
            order.CallbackUrl is null || IsCallback(order.CallbackUrl),
            "callbackUrl", "must be an absolute http or https address without user and password, at most 2,048 characters");
        errors.Unless(order.Region is null || PlacementTerms.IsRegion(order.Region), "region", PlacementTerms.RegionRule);
        errors.Unless(order.Labels is null || PlacementTerms.AreLabels(order.Labels), "labels", PlacementTerms.LabelRule);
        errors.Unless(order.Size is null || PlacementTerms.IsSize(order.Size.Value), "size", PlacementTerms.SizeRule);
        CheckLimits(errors, order.MaxUsers, order.MaxStorageBytes);
        CheckLocale(errors, order.Locale);
        return errors.ToDictionary();
    }

    /// <summary>The same of what can be changed afterwards.</summary>
    internal static IReadOnlyDictionary<string, string[]> Check(TenantFields fields)
    {
        var errors = new ValidationErrors();
        CheckName(errors, fields.Name);
        CheckPerson(errors, fields.CustomerName, fields.CustomerEmail);
        CheckLimits(errors, fields.MaxUsers, fields.MaxStorageBytes);
        return errors.ToDictionary();
    }

    private static void CheckName(ValidationErrors errors, string name) =>
        errors.Unless(ValidationErrors.IsText(name, 128), "name", "must be 1 to 128 characters without control characters");

    private static void CheckPerson(ValidationErrors errors, string? name, string? email)
    {
        errors.Unless(name is null || ValidationErrors.IsText(name, 128), "customerName", "must be 1 to 128 characters without control characters");
        errors.Unless(
            email is null || (ValidationErrors.IsText(email, 254) && Email().IsMatch(email)), "customerEmail", "must be an e-mail address such as jane@example.com");
    }

    private static void CheckLimits(ValidationErrors errors, int? maxUsers, long? maxStorageBytes)
    {
        errors.Unless(maxUsers is null or > 0, "maxUsers", "must be more than 0, or left out for what the plan says");
        errors.Unless(maxStorageBytes is null or > 0, "maxStorageBytes", "must be more than 0, or left out for what the plan says");
    }

    /// <summary>What is wrong with the code of a tenant that is to be; empty if nothing is.</summary>
    public static IReadOnlyList<string> FindWrongCode(string code)
    {
        var errors = new ValidationErrors();
        CheckCode(errors, code);
        return errors.ToDictionary().TryGetValue("code", out var messages) ? messages : [];
    }

    private static void CheckCode(ValidationErrors errors, string code)
    {
        var wellFormed = code is not null && Code().IsMatch(code);
        errors.Unless(
            wellFormed, "code", "must be 2 to 31 characters: a lower-case letter, then letters, digits or '-', and no '-' at the end, such as acme");
        if (!wellFormed)
        {
            return;
        }

        errors.Unless(!Reserved.Contains(code!), "code", $"'{code}' is reserved for the platform: choose another");

        // Labels like xn--… are encoded international names: they would show as something else.
        errors.Unless(code!.Length < 4 || code[2..4] != "--", "code", "must not have '--' as third and fourth character");
    }

    private static void CheckLocale(ValidationErrors errors, TenantLocale locale)
    {
        errors.Unless(LanguageCodes.IsWellFormed(locale.Language), "locale.language", LanguageCodes.Rule);
        errors.Unless(
            TimeZones.IsKnown(locale.TimeZone), "locale.timeZone", "must be a time zone of the IANA database such as Europe/Paris, or UTC");
        errors.Unless(locale.DateFormat is null || ValidationErrors.IsText(locale.DateFormat, 32), "locale.dateFormat", "must be a strftime pattern of at most 32 characters, such as %d/%m/%Y");
        errors.Unless(locale.Currency is not null && Currency().IsMatch(locale.Currency), "locale.currency", "must be an ISO 4217 code such as EUR");
        errors.Unless(locale.Country is null || Country().IsMatch(locale.Country), "locale.country", "must be an ISO 3166-1 alpha-2 code such as FR");
        errors.Unless(locale.Vat is null || ValidationErrors.IsText(locale.Vat, 32), "locale.vat", "must be 1 to 32 characters without control characters");
    }

    private static bool IsCallback(string url) =>
        ValidationErrors.IsText(url, 2048) && HttpAddress().IsMatch(url) && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri.UserInfo.Length == 0 && uri.Host.Length > 0;

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,29}[a-z0-9]\z")]
    private static partial Regex Code();

    [GeneratedRegex(@"\A[^@\s<>()\[\],;:\\""]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\z")]
    private static partial Regex Email();

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex Currency();

    [GeneratedRegex(@"\A[A-Z]{2}\z")]
    private static partial Regex Country();

    // Written out: other spellings are read differently by whoever reads them.
    [GeneratedRegex(@"\Ahttps?://[^\s\\]+\z", RegexOptions.IgnoreCase)]
    private static partial Regex HttpAddress();
}
