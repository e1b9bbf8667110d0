using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Activities.Certificates;

/// <summary>When the authority would like a certificate to be renewed (RFC 9773).</summary>
/// <param name="AskAgain">How long its answer holds.</param>
internal sealed record RenewalWindow(DateTimeOffset Start, DateTimeOffset End, TimeSpan AskAgain);

/// <summary>What to do about a certificate now.</summary>
/// <param name="RenewAt">When it is to be renewed, as known now.</param>
/// <param name="LookAt">When to decide again; not before <paramref name="RenewAt"/> has come or the window may have moved.</param>
internal sealed record RenewalDecision(bool IsDue, DateTimeOffset RenewAt, DateTimeOffset LookAt);

/// <summary>
/// Decides when certificates are renewed: at a random time in the window that the authority suggests, else at two thirds
/// of the life. Never by a number of days, since lives get shorter. The randomness is a hash of the certificate's name and
/// life: spread over the certificates, and the same at each look.
/// </summary>
internal static class RenewalSchedule
{
    // Of the life, behind its two thirds: renewals of certificates that began together do not come together.
    private const double Spread = 1.0 / 12;
    private static readonly TimeSpan SoonestLook = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LatestLook = TimeSpan.FromDays(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromHours(1);

    public static RenewalDecision Decide(DateTimeOffset now, DateTimeOffset begin, DateTimeOffset end, RenewalWindow? window, string name)
    {
        var renewAt = window is null ? ByLife(begin, end, name) : window.Start + ((window.End - window.Start) * Fraction(name, begin));
        if (renewAt <= now)
        {
            return new RenewalDecision(true, renewAt, now);
        }

        var lookAt = window is null ? renewAt : now + Clamp(window.AskAgain);
        return new RenewalDecision(false, renewAt, lookAt < renewAt ? lookAt : renewAt);
    }

    /// <summary>When a new certificate is to be looked at first: soon, to learn the authority's window, and spread.</summary>
    public static DateTimeOffset FirstLook(DateTimeOffset begin, DateTimeOffset end, string name) =>
        begin + ((end - begin) * (0.05 + (0.05 * Fraction(name, begin))));

    /// <summary>When to try again after renewals that failed: each time later, but never later than a tenth of what is left.</summary>
    public static DateTimeOffset AfterFailure(DateTimeOffset now, DateTimeOffset end, int failures)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures - 1, 5));
        var left = (end - now) / 10;
        return now + (left < pause && left > SoonestLook ? left : left <= SoonestLook ? FirstPause : pause);
    }

    /// <summary>True if so little of the life is left that somebody has to know of the failures.</summary>
    public static bool IsUrgent(DateTimeOffset now, DateTimeOffset begin, DateTimeOffset end) => end - now < (end - begin) / 5;

    private static DateTimeOffset ByLife(DateTimeOffset begin, DateTimeOffset end, string name) =>
        begin + ((end - begin) * ((2.0 / 3) + (Spread * Fraction(name, begin))));

    private static TimeSpan Clamp(TimeSpan wait) => wait < SoonestLook ? SoonestLook : wait > LatestLook ? LatestLook : wait;

    private static double Fraction(string name, DateTimeOffset begin)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{name} {begin.ToUnixTimeSeconds()}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / (double)uint.MaxValue;
    }
}
