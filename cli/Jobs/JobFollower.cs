using Bibind.Cli.Commands;
using Bibind.Client;

namespace Bibind.Cli.Jobs;

/// <summary>
/// Follows a job to its end and shows its steps as they change. The API's events say when to look; where there are none (an older host, a
/// proxy that keeps them back), it is looked every two seconds.
/// </summary>
internal static class JobFollower
{
    private static readonly TimeSpan WithoutEvents = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Follows the job of an order, unless only its id is wanted.</summary>
    public static async Task<int> FollowOrderAsync(CommandCall call, string job)
    {
        if (!call.Get(Globals.NoWait))
        {
            return await FollowAsync(call, job);
        }

        await call.Writer.WriteAsync(await call.Api.GetJobAsync(job, call.CancellationToken), JobsCommand.DetailsView);
        return ExitCodes.Done;
    }

    /// <summary>Follows a job; answers how the program ends.</summary>
    public static async Task<int> FollowAsync(CommandCall call, string job)
    {
        await call.Writer.SayAsync($"Job {job}");
        using var progress = new JobProgress(call.Writer.Errors);
        try
        {
            var ended = await UntilEndAsync(call, job, progress);
            progress.Clear();
            await call.Writer.WriteAsync(ended, JobsCommand.DetailsView);
            return ended.State == "succeeded" ? ExitCodes.Done : ExitCodes.JobFailed;
        }
        catch (OperationCanceledException) when (call.CancellationToken.IsCancellationRequested)
        {
            progress.Clear();
            await call.Writer.SayAsync($"Job {job} goes on. Follow it again: bibind jobs watch {job}");
            return ExitCodes.Interrupted;
        }
    }

    private static async Task<JobView> UntilEndAsync(CommandCall call, string job, JobProgress progress)
    {
        using var events = new JobEvents(call.Connection.Http, job);
        var lastAnswer = DateTimeOffset.UtcNow;
        while (true)
        {
            try
            {
                var view = await call.Api.GetJobAsync(job, call.CancellationToken);
                lastAnswer = DateTimeOffset.UtcNow;
                progress.Show(view);
                if (view.CompletedAt is not null && view.State is "succeeded" or "failed" or "cancelled")
                {
                    return view;
                }
            }
            catch (Exception away) when (IsPassing(away) && DateTimeOffset.UtcNow - lastAnswer < Patience)
            {
                // A host that restarts, or is changed for the next version: the job goes on elsewhere.
                progress.Say("The API does not answer; trying again.");
            }

            await events.WaitAsync(WithoutEvents, call.CancellationToken);
        }
    }

    private static bool IsPassing(Exception exception) => exception is HttpRequestException
        || exception is ApiException { StatusCode: 429 or >= 500 }
        || (exception is OperationCanceledException && exception.InnerException is TimeoutException);
}
