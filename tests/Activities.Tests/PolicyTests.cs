using System.Reflection;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Xunit;

namespace Bibind.Activities.Tests;

/// <summary>How long an act is tried.</summary>
public sealed class PolicyTests
{
    public static TheoryData<string> Acts => [.. Policies().Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Acts))]
    public void A_server_that_is_away_for_minutes_fails_no_act_and_is_noticed_soon(string act)
    {
        var policy = Policies()[act];
        var waits = Enumerable.Range(1, policy.MaxNumberOfAttempts - 1).Select(policy.DelayAfter).ToList();

        Assert.InRange(waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(8));
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void What_is_tried_for_half_an_hour_is_not_given_up_by_anybody_and_acts_are()
    {
        var policies = typeof(ClosingSteps).Assembly.GetTypes()
            .SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(f => f.FieldType.IsGenericType && f.FieldType.GetGenericTypeDefinition() == typeof(ActivityDefinition<,>))
            .Select(f => (dynamic)f.GetValue(null)!)
            .ToDictionary(d => (string)d.Name, d => (RetryPolicy?)d.Retry, StringComparer.Ordinal);
        string[] proofs = [Contracts.Tenants.TakeInventory.Name, Contracts.TemplateVersions.TakeInventory.Name];

        Assert.Equal(
            policies.Where(p => p.Value?.MaxNumberOfAttempts >= 30).Select(p => p.Key).Union(proofs).Order(StringComparer.Ordinal),
            ClosingSteps.Names.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Policies().Keys, ClosingSteps.Names.Contains);
    }

    private static Dictionary<string, RetryPolicy> Policies() => new(StringComparer.Ordinal)
    {
        [Contracts.Database.Clone.Name] = Contracts.Database.Clone.Retry!,
        [Contracts.FileStore.Copy.Name] = Contracts.FileStore.Copy.Retry!,
        [Contracts.Routing.Publish.Name] = Contracts.Routing.Publish.Retry!,
        [Contracts.Backup.Take.Name] = Contracts.Backup.Take.Retry!,
        [Contracts.Backup.Restore.Name] = Contracts.Backup.Restore.Retry!,
        [BackupJobs.FindReplaced.Name] = BackupJobs.FindReplaced.Retry!,
    };
}
