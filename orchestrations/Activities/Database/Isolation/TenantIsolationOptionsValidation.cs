using Microsoft.Extensions.Options;

namespace Bibind.Activities.Database.Isolation;

/// <summary>Says which setting is wrong.</summary>
internal sealed class TenantIsolationOptionsValidation : IValidateOptions<TenantIsolationOptions>
{
    public ValidateOptionsResult Validate(string? name, TenantIsolationOptions options)
    {
        List<string> wrong = [];
        if (options.TenantIsolation is not (null or TenantIsolationOptions.Shared or TenantIsolationOptions.Role))
        {
            wrong.Add("Database__TenantIsolation must be shared or role.");
        }

        if (options.TenantIsolation == TenantIsolationOptions.Role && options.PgBouncer.Count == 0)
        {
            wrong.Add("Database__TenantIsolation=role needs a pooler: set Database__PgBouncer__0__Server and its neighbours.");
        }

        for (var i = 0; i < options.PgBouncer.Count; i++)
        {
            Check(options.PgBouncer[i], $"Database__PgBouncer__{i}__", wrong);
        }

        wrong.AddRange(options.PgBouncer.GroupBy(p => p.Server, StringComparer.Ordinal).Where(g => g.Key.Length > 0 && g.Count() > 1)
            .Select(g => $"Database__PgBouncer names server '{g.Key}' {g.Count()} times: a server has one pooler."));
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static void Check(PgBouncerOptions pooler, string prefix, List<string> wrong)
    {
        Unless(pooler.Server.Length > 0, "Server must be the code of the server that it stands before.");
        Unless(Path.IsPathFullyQualified(pooler.DatabasesFile), "DatabasesFile must be the whole path of the file that pgbouncer.ini includes.");
        Unless(Uri.CheckHostName(pooler.Host) != UriHostNameType.Unknown, "Host must be a host name or an address.");
        Unless(pooler.Port is > 0 and <= ushort.MaxValue, "Port must be 1 to 65535.");
        Unless(pooler.AdminUser.Length > 0, "AdminUser must be one of PgBouncer's admin_users.");
        Unless(pooler.AdminPassword.Length > 0, "AdminPassword must be that user's password.");
        Unless(pooler.ServerHost is null || PgBouncerFile.IsHost(pooler.ServerHost), "ServerHost must be a host name or an address.");
        Unless(pooler.ServerPort is null or (> 0 and <= ushort.MaxValue), "ServerPort must be 1 to 65535.");
        Unless(pooler.TemplateRole.Length is > 0 and <= 63, "TemplateRole must be the name of a PostgreSQL role.");
        Unless(pooler.TemplatePassword.Length > 0, "TemplatePassword must be that role's password.");

        void Unless(bool right, string message)
        {
            if (!right)
            {
                wrong.Add(prefix + message);
            }
        }
    }
}
