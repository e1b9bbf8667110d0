using Bibind.Functions.Queues;
using Bibind.Functions.Settings;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>Settings of queues that are wrong stop the host with words that name them, and never show a key.</summary>
public sealed class QueueSettingsTests
{
    private const string Key = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
    private const string Connection = $"DefaultEndpointsProtocol=https;AccountName=bibind;AccountKey={Key};EndpointSuffix=core.windows.net";

    private static readonly string[] Valid =
    [
        "--ControlDatabase=Host=127.0.0.1;Database=bibind",
        "--Auth:Tokens:0:Name=first", "--Auth:Tokens:0:Token=first-token-0123456789abcdef", "--Auth:Tokens:0:Role=admin",
        $"--Secrets:MasterKey={ApiHost.MasterKey}", "--Platform:Domain=example.test", "--Storage:Local:Folder=unused",
        $"--Queues:AzureStorage:ConnectionString={Connection}",
        "--Queues:Sqs:QueueUrlPrefix=https://sqs.eu-west-3.amazonaws.com/123456789012/", "--Queues:Sqs:AccessKeyId=id", "--Queues:Sqs:SecretAccessKey=key",
    ];

    [Theory]
    [InlineData("--Queues:AzureStorage:ConnectionString=nonsense", "Queues__AzureStorage__ConnectionString is not the connection string")]
    [InlineData("--Queues:AzureStorage:MessageEncoding=utf-7", "Queues__AzureStorage__MessageEncoding must be base64")]
    [InlineData("--Queues:AzureStorage:LongestPause=0", "Queues__AzureStorage__LongestPause must be a time from")]
    [InlineData("--Queues:Sqs:QueueUrlPrefix=sqs", "Queues__Sqs__QueueUrlPrefix must be an http or https address")]
    [InlineData("--Queues:Sqs:QueueUrlPrefix=", "Queues__Sqs__QueueUrlPrefix is missing, though Queues__Sqs__AccessKeyId is set")]
    [InlineData("--Queues:Sqs:QueueUrlPrefix=https://sqs.example.com/1/", "Queues__Sqs__Region is missing")]
    [InlineData("--Queues:Sqs:AccessKeyId=", "Queues__Sqs__AccessKeyId is missing")]
    [InlineData("--Queues:Sqs:SecretAccessKey=", "Queues__Sqs__SecretAccessKey is missing")]
    [InlineData("--Queues:Sqs:WaitTime=00:01:00", "Queues__Sqs__WaitTime must be a time from 00:00:00 to 00:00:20")]
    [InlineData("--Queues:MaxConcurrentMessages=0", "Queues__MaxConcurrentMessages must be a whole number from 1 to 1000")]
    [InlineData("--Queues:MaxAttempts=many", "Queues__MaxAttempts must be a whole number")]
    [InlineData("--Queues:VisibilityTimeout=00:00:00.5", "Queues__VisibilityTimeout must be a time from 00:00:01")]
    [InlineData("--Queues:Consume=maybe", "Queues__Consume must be true or false")]
    public void A_wrong_setting_is_named(string argument, string words)
    {
        var key = argument[..argument.IndexOf('=', StringComparison.Ordinal)];
        var problems = Problems([.. Valid.Where(a => !a.StartsWith(key + "=", StringComparison.Ordinal)), argument]);
        Assert.Contains(problems, p => p.StartsWith(words, StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_in_a_broken_connection_string_is_not_repeated()
    {
        var problems = Problems([.. Valid.Where(a => !a.Contains("AzureStorage", StringComparison.Ordinal)), $"--Queues:AzureStorage:ConnectionString=AccountKey={Key}"]);
        Assert.DoesNotContain(problems, p => p.Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_set_is_read_and_shows_no_secret()
    {
        var settings = QueueSettings.Read(new ConfigurationBuilder().AddCommandLine([.. Valid, "--Queues:MaxAttempts=7"]).Build(), out var problems);
        Assert.Empty(problems);
        Assert.Equal((7, "eu-west-3", true), (settings.MaxAttempts, settings.Sqs!.Region, settings.Storage!.Base64));
        Assert.DoesNotContain(Key, settings.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_set_means_no_broker()
    {
        var settings = QueueSettings.Read(new ConfigurationBuilder().Build(), out var problems);
        Assert.Empty(problems);
        Assert.Null(settings.Storage);
        Assert.Null(settings.Sqs);
    }

    [Fact]
    public void Rests_grow_up_to_their_limit()
    {
        var settings = new QueueSettings();
        Assert.Equal(["00:00:10", "00:00:40", "00:02:40", "00:10:40", "00:15:00", "00:15:00"], new[] { 1, 2, 3, 4, 5, 1000 }.Select(a => settings.DelayAfter(a).ToString("c")));
    }

    private static IReadOnlyList<string> Problems(string[] arguments) =>
        Assert.Throws<SettingsException>(() => FunctionsHost.Build(arguments)).Problems;
}
