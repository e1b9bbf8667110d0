using Bibind.Activities.Rollouts;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Orchestrators;
using Microsoft.DurableTask;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>Decisions that stand still where a door's answer is looked at, or fail in a known way.</summary>
public static class ScriptedOrchestrators
{
    /// <summary>Ends a provisioning that waits.</summary>
    public const string End = "end";

    /// <summary>A tenant whose name begins so has a step that succeeds at the second attempt and one that fails for good.</summary>
    public const string FailingPrefix = "failing";

    /// <summary>A tenant whose code begins so has a step that waits an hour for its second attempt, which succeeds.</summary>
    public const string WaitingPrefix = "waiting";

    /// <summary>A tenant whose code begins so has a step that undoes something, and waits an hour for its second attempt.</summary>
    public const string UndoingPrefix = "undoing";

    /// <summary>A tenant whose code begins so has a step that takes <see cref="CallbackUrl"/> and fails with it in its words.</summary>
    public const string CallingPrefix = "calling";
    public const string CallbackUrl = "https://user:secret@hook.example/web/hook/secret-path?key=secret-key&more=secret-more#secret-part";

    public static readonly string LongReason = "The route could not be published: " + new string('x', 5000);

    public static TaskRegistry Registry() => new TaskRegistry()
        .AddOrchestrator(Orchestrations.ProvisionTenant, _ => new Provision())
        .AddOrchestrator(Orchestrations.DestroyTenant, _ => new Destroy())
        .AddOrchestrator(Orchestrations.CreateTemplate, _ => new Create())
        .AddOrchestrator(Orchestrations.AddDomain, _ => new AddDomain())
        .AddOrchestrator(Orchestrations.RemoveDomain, _ => new RemoveDomain())
        .AddOrchestrator(Orchestrations.BackUpTenant, _ => new Standing<BackUpTenantOrder, TenantBackedUp>())
        .AddOrchestrator(Orchestrations.RestoreTenant, _ => new Standing<RestoreTenantOrder, TenantRestored>())
        .AddOrchestrator(Orchestrations.ResumeTenant, _ => new Standing<ResumeTenantOrder, TenantResumed>())
        .AddOrchestrator(Orchestrations.RestoreNewTenant, _ => new Standing<RestoreNewTenantOrder, TenantReady>())
        .AddOrchestrator(Orchestrations.VerifyBackup, _ => new Standing<VerifyBackupOrder, BackupReceipt>())
        .AddOrchestrator(Orchestrations.UpgradeTenant, _ => new Upgrade())
        .AddOrchestrator(Orchestrations.RollBackUpgrade, _ => new TakeBack())
        .AddOrchestrator(Orchestrations.RunRollout, _ => new RunRollout())
        .AddRolloutActivities()
        .AddOrchestrator(Orchestrations.ResetCredentials, _ => new Standing<ResetCredentialsOrder, CredentialsReset>())
        .AddOrchestrator(Orchestrations.SuspendTenant, _ => new Standing<SuspendTenantOrder, TenantSuspended>())
        .AddOrchestrator(Orchestrations.LiftSuspension, _ => new Standing<LiftSuspensionOrder, TenantResumed>())
        .AddOrchestrator(Orchestrations.ChangePlan, _ => new Standing<ChangePlanOrder, PlanChanged>())
        .AddOrchestrator(Orchestrations.SupportAccess, _ => new Standing<SupportAccessOrder, SupportAccessEnded>())
        .AddOrchestrator(Orchestrations.MoveTenant, _ => new Standing<MoveTenantOrder, TenantMoved>())
        .AddOrchestrator(Orchestrations.ChangeModules, _ => new Standing<ChangeModulesOrder, ModulesChanged>())
        .AddActivity(Caller.Notify.Name, _ => new TellsNobody())
        .AddActivity(Storage.CreateBucket.Name, _ => new SucceedsAtTheSecondAttempt())
        .AddActivity(Storage.DeleteBucket.Name, _ => new SucceedsAtTheSecondAttempt())
        .AddActivity(Routing.Publish.Name, _ => new FailsForGood());

    private sealed class Provision : TaskOrchestrator<ProvisionTenantOrder, TenantReady>
    {
        public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, ProvisionTenantOrder input)
        {
            if (input.Code.StartsWith(FailingPrefix, StringComparison.Ordinal))
            {
                await context.CallActivityAsync<Unit>(
                    Storage.CreateBucket.Name, input, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromMilliseconds(10)) });
                await context.CallActivityAsync<Unit>(Routing.Publish.Name, input);
            }

            if (input.Code.StartsWith(WaitingPrefix, StringComparison.Ordinal))
            {
                await context.CallActivityAsync<Unit>(Storage.CreateBucket.Name, input, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromHours(1)) });
            }

            if (input.Code.StartsWith(UndoingPrefix, StringComparison.Ordinal))
            {
                await context.CallActivityAsync<Unit>(Storage.DeleteBucket.Name, input, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromHours(1)) });
            }

            if (input.Code.StartsWith(CallingPrefix, StringComparison.Ordinal))
            {
                await context.CallActivityAsync<StepOutcome>(
                    Caller.Notify.Name, new CallerNotice { CallbackUrl = CallbackUrl, JobId = context.InstanceId, Code = input.Code, State = "active" });
            }

            await context.WaitForExternalEvent<string>(End);
            return new TenantReady { TenantId = input.TenantId, Code = input.Code, Database = input.Code, Host = "h", BaseUrl = "u" };
        }
    }

    private sealed class Destroy : TaskOrchestrator<DestroyTenantOrder, TenantDestroyed>
    {
        public override async Task<TenantDestroyed> RunAsync(TaskOrchestrationContext context, DestroyTenantOrder input)
        {
            await context.WaitForExternalEvent<string>(End);
            return new TenantDestroyed { Code = input.Code, Inventory = new Inventory() };
        }
    }

    private sealed class Standing<TOrder, TResult> : TaskOrchestrator<TOrder, TResult>
    {
        public override Task<TResult> RunAsync(TaskOrchestrationContext context, TOrder input) => context.WaitForExternalEvent<TResult>(End);
    }

    /// <summary>Ends as the tenant's code says: bad ones fail, standing ones wait until they are told, busy ones are refused.</summary>
    private sealed class Upgrade : TaskOrchestrator<UpgradeTenantInput, UpgradeTenantResult>
    {
        public override async Task<UpgradeTenantResult> RunAsync(TaskOrchestrationContext context, UpgradeTenantInput input)
        {
            var outcome = input.Code.StartsWith("standing", StringComparison.Ordinal) ? await context.WaitForExternalEvent<string>(End)
                : input.Code.StartsWith("bad", StringComparison.Ordinal) ? UpgradeOutcomes.RehearsalFailed
                : input.Code.StartsWith("busy", StringComparison.Ordinal) ? UpgradeOutcomes.Refused
                : UpgradeOutcomes.Upgraded;
            return new UpgradeTenantResult
            {
                Code = input.Code,
                JobId = input.JobId,
                Outcome = outcome,
                Version = input.Release.Version,
                Reason = outcome == UpgradeOutcomes.Upgraded ? null : $"It ended as {outcome}.",
                OutageMs = 7,
            };
        }
    }

    private sealed class TakeBack : TaskOrchestrator<RollBackUpgradeInput, RollBackUpgradeResult>
    {
        public override Task<RollBackUpgradeResult> RunAsync(TaskOrchestrationContext context, RollBackUpgradeInput input) =>
            Task.FromResult(new RollBackUpgradeResult { Code = input.Code, JobId = input.JobId, Outcome = UpgradeOutcomes.RolledBack });
    }

    private sealed class Create : TaskOrchestrator<CreateTemplateOrder, TemplateReady>
    {
        public override async Task<TemplateReady> RunAsync(TaskOrchestrationContext context, CreateTemplateOrder input)
        {
            await context.WaitForExternalEvent<string>(End);
            return new TemplateReady(input.Code, input.Database, "hash", 1);
        }
    }

    /// <summary>Ends when it is asked to look.</summary>
    private sealed class AddDomain : TaskOrchestrator<DomainOrder, DomainOutcome>
    {
        public override async Task<DomainOutcome> RunAsync(TaskOrchestrationContext context, DomainOrder input)
        {
            await context.WaitForExternalEvent<Unit>(Domains.ValidateEvent);
            return new DomainOutcome(input.Code, input.Name, "active");
        }
    }

    private sealed class RemoveDomain : TaskOrchestrator<DomainOrder, DomainOutcome>
    {
        public override async Task<DomainOutcome> RunAsync(TaskOrchestrationContext context, DomainOrder input)
        {
            await context.WaitForExternalEvent<string>(End);
            return new DomainOutcome(input.Code, input.Name, "removed");
        }
    }

    private sealed class SucceedsAtTheSecondAttempt : TaskActivity<ProvisionTenantOrder, Unit>
    {
        public override Task<Unit> RunAsync(TaskActivityContext context, ProvisionTenantOrder input) =>
            context.Attempt == 1 ? throw new InvalidOperationException("The store did not answer.") : Task.FromResult(Unit.Value);
    }

    private sealed class TellsNobody : TaskActivity<CallerNotice, StepOutcome>
    {
        public override Task<StepOutcome> RunAsync(TaskActivityContext context, CallerNotice input) =>
            throw new PermanentFailureException($"The caller at {input.CallbackUrl} answered 404.");
    }

    private sealed class FailsForGood : TaskActivity<ProvisionTenantOrder, Unit>
    {
        public override Task<Unit> RunAsync(TaskActivityContext context, ProvisionTenantOrder input) =>
            throw new PermanentFailureException(LongReason);
    }
}
