using System.Text.Json.Nodes;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Orchestrators;
using Microsoft.DurableTask;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Replays what the product recorded. A failure here says that orchestrations under way would fail when this code is
/// deployed: docs/durable.md has what to do instead of editing a recording.
/// </summary>
public sealed class RecordedHistoriesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Histories");

    public static TheoryData<string> Recordings() => [.. Directory.GetFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Recordings))]
    public void The_present_code_decides_what_was_recorded(string recording)
    {
        var history = Read(recording);

        HistoryReplay.Verify(OrchestratorOf(history), history);
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void An_instance_that_stands_after_any_turn_can_go_on(string recording)
    {
        var history = Read(recording);
        var turns = Enumerable.Range(1, history.Count).Where(n => history[n - 1] is OrchestratorCompletedEvent).ToList();

        Assert.NotEmpty(turns);
        Assert.All(turns, lines => HistoryReplay.Verify(OrchestratorOf(history), [.. history.Take(lines)]));
    }

    [Fact]
    public void A_step_left_out_is_noticed()
    {
        var history = Read("provision-succeeded");
        var changed = JsonNode.Parse(HistoryReplay.Write(history))!.AsArray();
        foreach (var line in changed.Where(l => l!["name"]?.GetValue<string>() == "routing.publish"))
        {
            line!["name"] = "routing.announce";
        }

        Assert.ThrowsAny<Exception>(() => HistoryReplay.Verify(new ProvisionTenant(1), HistoryReplay.Read(changed.ToJsonString())));
    }

    private static IReadOnlyList<HistoryEvent> Read(string recording) => HistoryReplay.Read(File.ReadAllText(Path.Combine(Folder, $"{recording}.json")));

    private static ITaskOrchestrator OrchestratorOf(IReadOnlyList<HistoryEvent> history) => history.OfType<ExecutionStartedEvent>().First().Name switch
    {
        nameof(ProvisionTenant) => new ProvisionTenant(1),
        "ProvisionTenant.2" => new ProvisionTenant(2),
        nameof(DestroyTenant) => new DestroyTenant(),
        nameof(CreateTemplate) => new CreateTemplate(),
        nameof(MakeStagingCopy) => new MakeStagingCopy(),
        nameof(RefreshStagingCopy) => new RefreshStagingCopy(),
        nameof(BackUpTenant) => new BackUpTenant(),
        "RestoreTenant" => new RestoreTenant(1),
        "RestoreTenant.2" => new RestoreTenant(2),
        nameof(ResumeTenant) => new ResumeTenant(),
        nameof(RestoreNewTenant) => new RestoreNewTenant(1),
        "RestoreNewTenant.2" => new RestoreNewTenant(2),
        nameof(VerifyBackup) => new VerifyBackup(),
        nameof(AddDomain) => new AddDomain(),
        nameof(RemoveDomain) => new RemoveDomain(),
        nameof(BuyDomain) => new BuyDomain(),
        nameof(RenewCertificates) => new RenewCertificates(),
        nameof(ResetCredentials) => new ResetCredentials(),
        nameof(ChangeModules) => new ChangeModules(),
        nameof(SuspendTenant) => new SuspendTenant(),
        nameof(LiftSuspension) => new LiftSuspension(),
        nameof(ChangePlan) => new ChangePlan(),
        nameof(SupportAccess) => new SupportAccess(),
        nameof(NightlyBackups) => new NightlyBackups(),
        nameof(Sweep) => new Sweep(),
        nameof(WorkOffPendingItems) => new WorkOffPendingItems(),
        var name => throw new InvalidOperationException($"No orchestrator is known by the name '{name}'."),
    };
}
