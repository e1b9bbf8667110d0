namespace Bibind.Activities.Application;

/// <summary>An application is down, or not ready, as a whole: what needs it can be put off.</summary>
public sealed class ApplicationAwayException(string message) : TransientFailureException(message);
