using System.Globalization;
using Bibind.WebConsole.Api;

namespace Bibind.WebConsole.Pages;

/// <summary>The first page.</summary>
internal static class OverviewPages
{
    public static async Task<IResult> ShowAsync(PageRequest request)
    {
        var overview = await request.GetAsync<Overview>("/api/overview");
        if (!overview.IsGood)
        {
            return request.Problem(overview.Problem!);
        }

        var retrying = request.Api.ListAsync<Job>("/api/jobs?state=retrying&pageSize=5", request.Cancellation);
        var failed = request.Api.ListAsync<Job>("/api/jobs?state=failed&pageSize=6", request.Cancellation);
        var alerts = request.Api.ListAsync<Alert>("/api/alerts?state=open&pageSize=12", request.Cancellation);
        return request.Page<OverviewPage>(
            request.View.Words["Overview"], ("Now", overview.Value), ("Retrying", (await retrying).Value), ("Failed", (await failed).Value), ("Alerts", (await alerts).Value));
    }

    /// <summary>All 24 hours, also those without a job.</summary>
    public static IReadOnlyList<Parts.Column> Hours(Overview overview)
    {
        var last = new DateTimeOffset(overview.At.UtcDateTime.Date.AddHours(overview.At.UtcDateTime.Hour), TimeSpan.Zero);
        var known = overview.Hours.ToDictionary(h => h.Hour.ToUniversalTime());
        return
        [
            .. Enumerable.Range(0, 24).Select(back => last.AddHours(back - 23)).Select(hour =>
            {
                var jobs = known.GetValueOrDefault(hour);
                return new Parts.Column(
                    hour.ToString("HH:mm", CultureInfo.InvariantCulture),
                    [(Parts.Tones.Done, jobs?.Succeeded ?? 0), (Parts.Tones.Failed, jobs?.Failed ?? 0), (Parts.Tones.Over, jobs?.Cancelled ?? 0)]);
            }),
        ];
    }
}
