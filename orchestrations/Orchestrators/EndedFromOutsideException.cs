using Bibind.Contracts;

namespace Bibind.Orchestrators;

/// <summary>The job's own orchestration was ended from outside, and this one undoes what it did.</summary>
public sealed class EndedFromOutsideException() : Exception(JobReasons.EndedFromOutside);

/// <summary>The job was cancelled, and this orchestration has undone what it did.</summary>
public sealed class JobCancelledException() : Exception(JobReasons.Cancelled);
