using System.Globalization;
using Bibind.ControlPlane.Notices;

namespace Bibind.ControlPlane.Registrations;

/// <summary>How far a registration is.</summary>
public static class RegistrationStates
{
    /// <summary>For the proof of its e-mail address.</summary>
    public const string Waiting = "waiting";

    /// <summary>Proven; the order cannot be met for the moment and is tried again.</summary>
    public const string Confirmed = "confirmed";

    /// <summary>It has its tenant.</summary>
    public const string Ordered = "ordered";

    /// <summary>Proven, and the order can never be met.</summary>
    public const string Failed = "failed";

    /// <summary>From the start; its cause says why.</summary>
    public const string Refused = "refused";
    public const string Expired = "expired";

    /// <summary>By an operator.</summary>
    public const string Withdrawn = "withdrawn";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Waiting, Confirmed, Ordered, Failed, Refused, Expired, Withdrawn];
}

/// <summary>Why a registration comes to nothing.</summary>
public static class RegistrationCauses
{
    /// <summary>The code is a tenant's, or another registration's.</summary>
    public const string Taken = "taken";

    /// <summary>The e-mail address has had a trial.</summary>
    public const string Again = "again";

    /// <summary>The e-mail address has got enough letters; it gets none about this.</summary>
    public const string Often = "often";

    /// <summary>The order was refused.</summary>
    public const string Order = "order";
}

/// <summary>Somebody who registered for a trial.</summary>
public sealed record Registration
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;

    /// <summary>Of the company; null once it was forgotten, as the next two.</summary>
    public string? Name { get; init; }

    /// <summary>Of the person.</summary>
    public string? Contact { get; init; }
    public string? Email { get; init; }
    public string Offer { get; init; } = string.Empty;
    public string Language { get; init; } = string.Empty;
    public string TimeZone { get; init; } = string.Empty;
    public string? Country { get; init; }
    public string Currency { get; init; } = string.Empty;

    /// <summary>One of <see cref="RegistrationStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>One of <see cref="RegistrationCauses"/>; null while nothing stands against it.</summary>
    public string? Cause { get; init; }

    /// <summary>In words.</summary>
    public string? Reason { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when the link can be followed, and the code is held.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? ConfirmedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public int Attempts { get; init; }

    /// <summary>When the order is tried next.</summary>
    public DateTimeOffset? NextTryAt { get; init; }
    public long? TenantId { get; init; }
    public string? JobId { get; init; }
    public string? Customer { get; init; }

    /// <summary>The customer whom it makes.</summary>
    public string CustomerCode => string.Create(CultureInfo.InvariantCulture, $"registration-{Id}");

    /// <summary>The letter that asks for the proof; its link is put in when it is sent.</summary>
    public Notice ConfirmNotice() => new(NoticeKinds.RegistrationConfirm, "confirm") { Registration = Id, Data = DataOf("until", string.Create(CultureInfo.InvariantCulture, $"{ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC")) };

    /// <summary>The letter that says why it came to nothing.</summary>
    public Notice RefusedNotice(string cause) => new(NoticeKinds.RegistrationRefused, cause) { Registration = Id, Data = DataOf("cause", cause) };

    private Dictionary<string, string> DataOf(string key, string value) => new(StringComparer.Ordinal)
    {
        ["registration"] = Id.ToString(CultureInfo.InvariantCulture),
        ["code"] = Code,
        ["name"] = Name ?? string.Empty,
        [key] = value,
    };
}
