using System.Globalization;
using System.Text;

namespace Bibind.Durable.Hubs;

/// <summary>Where the next page begins; opaque to callers.</summary>
internal static class PageToken
{
    public static string Write(DateTime createdAt, string instanceId) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{createdAt.Ticks}|{instanceId}")));

    /// <exception cref="ArgumentException">The token is not one of ours.</exception>
    public static (DateTime CreatedAt, string InstanceId) Read(string token)
    {
        var bytes = new byte[token.Length];
        if (Convert.TryFromBase64String(token, bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length).Split('|', 2) is [var ticks, var instanceId]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value <= DateTime.MaxValue.Ticks)
        {
            return (new DateTime(value, DateTimeKind.Utc), instanceId);
        }

        throw new ArgumentException("The continuation token is not one that a page before gave.", nameof(token));
    }
}
