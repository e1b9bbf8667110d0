using System.Text.RegularExpressions;
using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Database;

/// <summary>
/// Takes over the databases of an installation that is older than the register: once, all of a server's at the first look at it, by
/// name, mark and owner. From then on no comment is believed.
/// </summary>
internal static partial class DatabaseAdoption
{
    public static async Task RunAsync(MaintenanceSession session, CancellationToken cancellationToken)
    {
        var unseen = await session.Register.ListUnseenAsync(session.Server.ServerId, cancellationToken);
        var there = (await DatabaseCatalogue.ListAsync(session, unseen.Select(u => u.Name).Distinct(), cancellationToken)).ToDictionary(d => d.Name);
        foreach (var one in unseen)
        {
            var sight = there.GetValueOrDefault(one.Name);
            var isOurs = sight is not null && IsMarked(one, sight.Comment)
                && (sight.IsOwnedByUs || sight.Owner == session.Server.ApplicationRole || sight.Owner == one.Owner);
            await session.Register.SettleAsync(
                one,
                isOurs ? sight!.Oid : null,
                sight is not null,
                isOurs ? Read(Restored(), sight!.Comment) : null,
                isOurs ? Read(ContentHash(), sight!.Comment) : null,
                cancellationToken);
            if (sight is not null && !isOurs)
            {
                session.Logger.DatabaseNotAdopted(one.Name, session.Server.Code);
            }
            else if (isOurs)
            {
                session.Logger.DatabaseAdopted(one.Name, sight!.Oid, session.Server.Code);
            }
        }
    }

    private static bool IsMarked(UnseenDatabase one, string? comment) =>
        one.Mark is null || comment == one.Mark || comment?.StartsWith(one.Mark + " ", StringComparison.Ordinal) == true;

    private static string? Read(Regex what, string? comment) => what.Match(comment ?? string.Empty) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex(@" restored=(\S+/\S+)\z")]
    private static partial Regex Restored();

    [GeneratedRegex(@" hash=([0-9a-f]{64})\z")]
    private static partial Regex ContentHash();
}
