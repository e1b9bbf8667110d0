using System.Reflection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Who filters or counts log messages does so by their event ids: each means one thing, and lies in its assembly's range.</summary>
public sealed class EventIdTests
{
    private static readonly (Assembly Assembly, int First, int Last)[] Ranges =
    [
        (typeof(Durable.TaskRegistry).Assembly, 1000, 1499),
        (typeof(Durable.Scheduler.OutboxClient).Assembly, 1500, 1999),
        (typeof(Health.IReadinessCheck).Assembly, 2000, 2499),
        (typeof(ControlPlane.Registration.ControlPlaneServices).Assembly, 2500, 2999),
        (typeof(Activities.Registration.ActivitiesRegistration).Assembly, 3000, 3999),
    ];

    private static IEnumerable<(string Method, int Id, int First, int Last)> Messages =>
        from range in Ranges
        from type in range.Assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let message = method.GetCustomAttribute<LoggerMessageAttribute>()
        where message is not null
        select ($"{type.FullName}.{method.Name}", message.EventId, range.First, range.Last);

    [Fact]
    public void No_event_id_means_two_things() =>
        Assert.Empty(Messages.GroupBy(m => m.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(m => m.Method))}"));

    [Fact]
    public void Each_event_id_lies_in_the_range_of_its_assembly()
    {
        Assert.All(Ranges, range => Assert.Contains(Messages, m => m.First == range.First));
        Assert.All(Messages, m => Assert.InRange(m.Id, m.First, m.Last));
    }
}
