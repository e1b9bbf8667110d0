namespace Bibind.Durable.Hubs;

/// <summary>The right to run an instance.</summary>
public readonly record struct InstanceLease(string InstanceId, long Token);

/// <summary>The right to run an activity.</summary>
public readonly record struct ActivityLease(Guid ActivityId, long Token);

/// <summary>A lease was lost to another worker; nothing of the commit was stored.</summary>
public sealed class LeaseLostException(string message) : Exception(message);
