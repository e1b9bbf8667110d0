namespace Bibind.Activities;

/// <summary>An effect failed in a way that a later attempt may mend; the message is the reason in words.</summary>
/// <remarks>
/// It carries no inner exception: people are shown the message at the root of a failure, and that must be ours,
/// not a driver's.
/// </remarks>
public class TransientFailureException(string message) : Exception(message);
