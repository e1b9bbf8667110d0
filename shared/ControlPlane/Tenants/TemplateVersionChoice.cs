using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Which version of a template an order takes: the current one, or the candidate that gets a share of the orders.</summary>
internal static class TemplateVersionChoice
{
    /// <summary>
    /// The place with the version that the order takes there. Read in the reservation's transaction, under the server's lock: no
    /// promotion comes between.
    /// </summary>
    public static async Task<ServerStanding> ChooseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, ServerStanding place, TenantOrder order, CancellationToken cancellationToken)
    {
        var versions = (await connection.QueryAsync<Row>(Sql.Command(
            """
            select number, database, content_hash, contents, canary_percent
            from control.template_versions
            where template_id = @TemplateId and (state = 'current' or (state in ('candidate', 'trial') and canary_percent > 0))
            """,
            new { place.TemplateId }, transaction, cancellationToken))).AsList();
        var canary = versions.FirstOrDefault(v => v.CanaryPercent > 0);
        var current = versions.FirstOrDefault(v => v.CanaryPercent == 0);

        // What a backup becomes is not made of the template, and one that a share cannot fit is not a measure of the candidate.
        return canary is not null && !order.IsRestored
            && IsInShare(place.TemplateId ?? 0, canary.Number, order.Code, canary.CanaryPercent)
            && (canary.Contents is null || TemplateFit.ProblemWith(order.Template ?? string.Empty, canary.Contents, order.Locale) is null)
                ? place with { TemplateDatabase = canary.Database, TemplateVersion = canary.ContentHash, TemplateNumber = canary.Number }
                : place with { TemplateNumber = current?.Number ?? 1 };
    }

    /// <summary>True for this share of all codes, always the same ones: an order that is repeated takes what it took.</summary>
    internal static bool IsInShare(long templateId, int number, string code, int percent)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{templateId}/{number}/{code}")));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) % 100 < percent;
    }

    private sealed record Row
    {
        public int Number { get; init; }
        public string Database { get; init; } = string.Empty;
        public string? ContentHash { get; init; }
        public TemplateContents? Contents { get; init; }
        public int CanaryPercent { get; init; }
    }
}
