namespace Bibind.Contracts;

/// <summary>What jobs say that more than one place ends.</summary>
public static class JobReasons
{
    /// <summary>Somebody terminated or purged the job's orchestration at the task hub.</summary>
    public const string EndedFromOutside = "The job's orchestration was ended from outside.";

    /// <summary>Somebody cancelled the job.</summary>
    public const string Cancelled = "The job was cancelled.";
}
