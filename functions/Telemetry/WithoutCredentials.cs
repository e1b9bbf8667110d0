using System.Diagnostics;
using Bibind.Functions.Problems;
using OpenTelemetry;

namespace Bibind.Functions.Telemetry;

/// <summary>
/// Takes out of spans what may let somebody in: a webhook's address holds its token, the addresses that we call may be a caller's own or signed,
/// queries may hold keys, statements about roles their passwords, and the words of a failure any of these.
/// </summary>
internal sealed class WithoutCredentials : BaseProcessor<Activity>
{
    private const string FullAddress = "url.full";
    private static readonly string[] PathTags = ["url.path", "http.target", "http.url", "http.path"];
    private static readonly string[] StatementTags = ["db.query.text", "db.statement"];

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        data.SetTag("url.query", null);
        if (data.GetTagItem(FullAddress) is string address)
        {
            data.SetTag(FullAddress, Uri.TryCreate(address, UriKind.Absolute, out var url) ? $"{url.GetLeftPart(UriPartial.Scheme)}{url.Authority}/…" : null);
        }

        foreach (var tag in PathTags)
        {
            if (data.GetTagItem(tag) is string text && SecretPaths.MayHoldOne(text))
            {
                data.SetTag(tag, SecretPaths.Show("/webhooks/odoo"));
            }
        }

        foreach (var tag in StatementTags)
        {
            if (data.GetTagItem(tag) is string text && text.Contains("password", StringComparison.OrdinalIgnoreCase))
            {
                data.SetTag(tag, null);
            }
        }

        if (data.StatusDescription is { } reason)
        {
            data.SetStatus(data.Status, SecretText.Show(reason));
        }
    }
}
