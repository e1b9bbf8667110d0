using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>Checks what commands about many jobs say of them.</summary>
internal static class JobFields
{
    /// <summary>A kind of job, if one is given.</summary>
    public static void CheckKind(FieldErrors errors, string field, string? kind)
    {
        if (kind is not null && !JobsApi.Kinds.Contains(kind))
        {
            errors.Add(field, $"must be one of {string.Join(", ", JobsApi.Kinds)}");
        }
    }

    /// <summary>A tenant's code, if one is given.</summary>
    public static void CheckTenant(FieldErrors errors, string field, string? tenant)
    {
        if (tenant is not null && !Codes.IsPlausible(tenant))
        {
            errors.Add(field, "must be the code of a tenant");
        }
    }

    /// <summary>A moment, if one is given.</summary>
    public static void CheckMoment(FieldErrors errors, string field, DateTimeOffset? at)
    {
        if (at is { Year: < 2000 or >= 3000 })
        {
            errors.Add(field, "must be a moment, such as 2026-11-01T12:00:00Z");
        }
    }
}
