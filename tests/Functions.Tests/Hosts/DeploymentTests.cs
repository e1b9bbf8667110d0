using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Configuration;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>What is deployed has every function, queue and schedule that is declared, and no other.</summary>
public sealed partial class DeploymentTests
{
    private static readonly FunctionDeclarations Declared = Declarations.For(HostKind.Lambda);
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "infra");
    private static readonly YamlMappingNode Template = Read();

    [Fact]
    public void Sam_has_every_queue_with_its_poison_queue_and_no_other()
    {
        var queues = Resources("AWS::SQS::Queue").ToDictionary(r => NameOf(r.Value), r => r, StringComparer.Ordinal);

        Assert.Equal(Declared.Queues.SelectMany(q => new[] { q.Queue, PoisonQueue.NameOf(q.Queue) }).Order(), queues.Keys.Order());
        Assert.All(Declared.Queues, queue =>
        {
            var redrive = (YamlMappingNode)Properties(queues[queue.Queue].Value)["RedrivePolicy"];
            Assert.Equal($"{queues[PoisonQueue.NameOf(queue.Queue)].Key}.Arn", Text(redrive, "deadLetterTargetArn"));
            Assert.True(int.Parse(Text(redrive, "maxReceiveCount"), null) >= 5);
        });
    }

    [Fact]
    public void Sam_triggers_a_function_by_every_queue_with_partial_failures_and_time_to_work()
    {
        var queues = Resources("AWS::SQS::Queue").ToDictionary(r => $"{r.Key}.Arn", r => r.Value, StringComparer.Ordinal);
        var events = Events("SQS").ToList();

        Assert.Equal(
            Declared.Queues.Select(q => q.Queue).Order(), events.Select(e => NameOf(queues[Text(e.Properties, "Queue")])).Order());
        Assert.All(events, e =>
        {
            Assert.Equal("ReportBatchItemFailures", ((YamlSequenceNode)e.Properties["FunctionResponseTypes"]).Single().ToString());
            // AWS: six times the function's timeout.
            Assert.Equal(
                6 * int.Parse(Text(e.Function, "Timeout"), null),
                int.Parse(Text(Properties(queues[Text(e.Properties, "Queue")]), "VisibilityTimeout"), null));
        });
    }

    [Fact]
    public void Sam_has_every_schedule_and_no_other()
    {
        var schedules = Events("ScheduleV2").ToDictionary(
            e => JsonNode.Parse(Text(e.Properties, "Input"))!["bibind"]!["timer"]!.GetValue<string>(), e => Text(e.Properties, "ScheduleExpression"));

        Assert.Equal(Declared.Timers.Select(t => t.Name).Order(), schedules.Keys.Order());
        Assert.All(Declared.Timers, timer => Assert.Equal(AwsSchedule(timer.Schedule), schedules[timer.Name]));
    }

    [Fact]
    public void Sam_leads_every_HTTP_request_to_one_function()
    {
        var http = Assert.Single(Events("HttpApi"));

        // Without path and method it is $default, hence every route that is declared, and answers 404 to the others itself.
        Assert.False(http.Properties.Children.ContainsKey("Path"));
        Assert.Equal("provided.al2023", Text((YamlMappingNode)((YamlMappingNode)Template["Globals"])["Function"], "Runtime"));
    }

    [Fact]
    public void The_settings_that_both_deployments_make_are_settings_that_are_read()
    {
        var globals = (YamlMappingNode)((YamlMappingNode)((YamlMappingNode)((YamlMappingNode)Template["Globals"])["Function"])["Environment"])["Variables"];
        var aws = globals.Children.Select(v => v.Key.ToString());
        var azure = AppSetting().Matches(Bicep()).Select(m => m.Groups[1].Value)
            .Where(n => !n.StartsWith("FUNCTIONS_", StringComparison.Ordinal) && !n.StartsWith("WEBSITE_", StringComparison.Ordinal) && !n.StartsWith("AzureWebJobs", StringComparison.Ordinal));
        var known = KnownSettings();

        Assert.All(aws.Concat(azure), name => Assert.Contains(Digit().Replace(name, "0"), known));
    }

    [Theory]
    [InlineData("lint", "main.bicep")]
    [InlineData("build", "main.bicep", "--stdout")]
    public async Task Bicep_finds_nothing_wrong(string command, string file, params string[] more)
    {
        var bicep = typeof(DeploymentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BicepPath").Value!;
        var start = new ProcessStartInfo(bicep, [command, Path.Combine(Folder, file), .. more]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Empty(errors);
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(command == "build", (await output).Length > 0);
    }

    [Fact]
    public void Bicep_has_every_queue_and_no_key_of_the_storage_account()
    {
        var queues = QueueNames().Match(Bicep()).Groups[1].Value.Split(',').Select(q => q.Trim(' ', '\'')).Order();

        Assert.Equal(Declarations.For(HostKind.Azure).Queues.SelectMany(q => new[] { q.Queue, PoisonQueue.NameOf(q.Queue) }).Order(), queues);
        Assert.DoesNotContain("listKeys", Bicep(), StringComparison.Ordinal);
    }

    [Fact]
    public void Host_json_leaves_functions_time_and_orders_do_not_wait_for_it()
    {
        var host = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "host.json")))!;
        var pump = HostSettings.Read(new ConfigurationBuilder().Build(), out _).Pump;

        Assert.True(TimeSpan.Parse(host["functionTimeout"]!.GetValue<string>(), null) > pump.Limit);
        Assert.Equal(string.Empty, host["extensions"]!["http"]!["routePrefix"]!.GetValue<string>());
        // An order waits for the next look at an idle queue; a control database that is away for days must send nothing to poison.
        var queues = host["extensions"]!["queues"]!;
        Assert.InRange(TimeSpan.Parse(queues["maxPollingInterval"]!.GetValue<string>(), null), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));
        Assert.True(
            TimeSpan.Parse(queues["visibilityTimeout"]!.GetValue<string>(), null) * queues["maxDequeueCount"]!.GetValue<int>() >= TimeSpan.FromDays(2));
    }

    private static YamlMappingNode Read()
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Folder, "template.yaml"));
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static string Bicep() => File.ReadAllText(Path.Combine(Folder, "main.bicep"));

    private static IEnumerable<(string Key, YamlMappingNode Value)> Resources(string type) =>
        ((YamlMappingNode)Template["Resources"]).Children.Select(r => (Key: r.Key.ToString(), Value: (YamlMappingNode)r.Value)).Where(r => Text(r.Value, "Type") == type);

    private static IEnumerable<(YamlMappingNode Function, YamlMappingNode Properties)> Events(string type) =>
        from function in Resources("AWS::Serverless::Function")
        from trigger in ((YamlMappingNode)Properties(function.Value)["Events"]).Children
        where Text((YamlMappingNode)trigger.Value, "Type") == type
        select (Properties(function.Value), Properties((YamlMappingNode)trigger.Value));

    private static YamlMappingNode Properties(YamlMappingNode resource) => (YamlMappingNode)resource["Properties"];

    private static string Text(YamlMappingNode node, string key) => node[key].ToString();

    // Queues are named after the stack, a hyphen and their own name.
    private static string NameOf(YamlMappingNode queue) => Text(Properties(queue), "QueueName").Replace("${AWS::StackName}-", string.Empty, StringComparison.Ordinal);

    // AWS has no seconds, wants a question mark for the weekday, and a start before each step.
    private static string AwsSchedule(string schedule)
    {
        var fields = schedule.Split(' ');
        Assert.Equal(("0", "*"), (fields[0], fields[5]));
        return $"cron({string.Join(' ', fields[1..5].Select(f => f.Replace("*/", "0/", StringComparison.Ordinal)))} ? *)";
    }

    // The sample file shows settings; what it does not show is read by these.
    private static HashSet<string> KnownSettings()
    {
        var sample = SampleName().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "local.settings.sample.json"))).Select(m => m.Groups[1].Value);
        return [.. sample.Select(n => Digit().Replace(n, "0"))];
    }

    [GeneratedRegex(@"\{ name: '([^']+)', value:")]
    private static partial Regex AppSetting();

    [GeneratedRegex(@"(?<=__)\d+(?=__)")]
    private static partial Regex Digit();

    [GeneratedRegex("""
        "([A-Za-z0-9_]+)":
        """)]
    private static partial Regex SampleName();

    [GeneratedRegex(@"var queues = \[([^\]]+)\]")]
    private static partial Regex QueueNames();
}
