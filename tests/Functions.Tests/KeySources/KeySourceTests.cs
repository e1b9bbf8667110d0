using System.Security.Cryptography;
using Bibind.ControlPlane.Secrets;
using Bibind.Functions.Settings;
using Bibind.Functions.Startup;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Functions.Tests.KeySources;

/// <summary>The settings say where the master key is, and the host gets it there at start, or says why it cannot.</summary>
public sealed class KeySourceTests(PostgresServer postgres)
{
    private static readonly string Key = NewKey();

    [Fact]
    public async Task A_host_starts_with_the_key_of_a_vault_and_not_with_another()
    {
        await using var vault = await AzureKeyVaultStub.StartAsync();
        (vault.Secrets["master"], vault.Secrets["master/0123456789abcdef0123456789abcdef"]) = (NewKey(), ApiHost.MasterKey);
        await using var installation = new ApiHost(postgres);
        await installation.InitializeAsync();

        await using var same = Build(vault.Reach, installation, $"--Secrets:MasterKey=azure-key-vault:https://{AzureKeyVaultStub.Host}/secrets/master/0123456789abcdef0123456789abcdef");
        await same.StartAsync();
        await same.StopAsync();
        await using var other = Build(vault.Reach, installation, $"--Secrets:MasterKey=azure-key-vault:https://{AzureKeyVaultStub.Host}/secrets/master");
        var refused = await Assert.ThrowsAsync<StartException>(() => other.StartAsync());

        Assert.Contains("does not open the secrets of this installation", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(vault.Secrets["master"], refused.ToString(), StringComparison.Ordinal);
        // Once by each host, although options are made more than once.
        Assert.Equal(["GET /secrets/master/0123456789abcdef0123456789abcdef 200", "GET /secrets/master 200"], vault.Calls.Where(c => c.EndsWith(" 200", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("missing", "which is not there")]
    [InlineData("forbidden", "it needs the permission to get secrets (Forbidden)")]
    [InlineData("disabled", "or the secret is disabled")]
    public async Task A_secret_that_the_vault_does_not_give_is_said_in_words(string secret, string words)
    {
        await using var vault = await AzureKeyVaultStub.StartAsync();

        var wrong = Assert.Throws<SettingsException>(() => Build(vault.Reach, null, Vault(secret)));

        var problem = Assert.Single(wrong.Problems);
        Assert.StartsWith($"Secrets__MasterKey refers to the secret {secret} of {AzureKeyVaultStub.Host}", problem, StringComparison.Ordinal);
        Assert.Contains(words, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_is_no_key_is_not_shown()
    {
        await using var vault = await AzureKeyVaultStub.StartAsync();
        (vault.Secrets["text"], vault.Secrets["short"]) = ("hunter2 is no key", "c2hvcnQ=");

        var text = Assert.Throws<SettingsException>(() => Build(vault.Reach, null, Vault("text")));
        var tooShort = Assert.Throws<SettingsException>(() => Build(vault.Reach, null, Vault("short")));

        Assert.Equal("Secrets__MasterKey: what azure-key-vault: leads to is not base64: it must be base64 of 32 random bytes (openssl rand -base64 32).", Assert.Single(text.Problems));
        Assert.StartsWith("Secrets__MasterKey: what azure-key-vault: leads to holds 5 bytes", Assert.Single(tooShort.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_identity_and_a_challenge_for_another_service_are_refused()
    {
        await using var vault = await AzureKeyVaultStub.StartAsync();
        vault.Secrets["master"] = Key;
        vault.OtherToken = "somebody-elses";
        var identity = Assert.Throws<SettingsException>(() => Build(vault.Reach, null, Vault("master")));
        vault.ChallengeResource = "https://elsewhere.example";
        var challenge = Assert.Throws<SettingsException>(() => Build(vault.Reach, null, Vault("master")));

        Assert.Contains("which does not accept this machine's identity", Assert.Single(identity.Problems), StringComparison.Ordinal);
        Assert.Contains("does not answer as a key vault does", Assert.Single(challenge.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vault_that_is_away_ends_the_start_and_is_no_wrong_setting()
    {
        await using var vault = await AzureKeyVaultStub.StartAsync();
        vault.Fails = 503;
        var failing = Assert.Throws<StartException>(() => Build(vault.Reach, null, Vault("master")));
        await vault.DisposeAsync();
        var gone = Assert.Throws<StartException>(() => Build(vault.Reach, null, Vault("master")));

        Assert.Equal($"Secrets__MasterKey cannot be read: {AzureKeyVaultStub.Host} answered 503.", failing.Message);
        Assert.Equal($"Secrets__MasterKey cannot be read: {AzureKeyVaultStub.Host} cannot be reached.", gone.Message);
    }

    [Fact]
    public async Task Keys_of_aws_are_opened_by_kms_and_read_from_parameters()
    {
        await using var aws = await AwsKeysStub.StartAsync();
        aws.Parameters["/bibind/master-key"] = Key;
        var wrapped = aws.Wrap(Convert.FromBase64String(Key));
        var other = NewKey();

        await using var kms = Build(null, null, [.. aws.Settings, $"--Secrets:MasterKey=aws-kms:{wrapped}", $"--Secrets:OtherKeys:0={other}"]);
        await using var ssm = Build(null, null, [.. aws.Settings, $"--Secrets:MasterKey={other}", "--Secrets:OtherKeys:0=aws-ssm:/bibind/master-key"]);

        Assert.Equal((Key, other), KeysOf(kms));
        Assert.Equal((other, Key), KeysOf(ssm));
        Assert.Equal(["TrentService.Decrypt", "AmazonSSM.GetParameter"], aws.Calls);

        static (string, string) KeysOf(Microsoft.AspNetCore.Builder.WebApplication host) =>
            host.Services.GetRequiredService<IOptions<SecretsOptions>>().Value is var keys ? (keys.MasterKey, keys.OtherKeys[0]) : default;
    }

    [Fact]
    public async Task What_aws_does_not_give_is_said_in_words_for_every_key_at_once()
    {
        await using var aws = await AwsKeysStub.StartAsync();
        var small = aws.Wrap([1, 2, 3]);
        aws.Parameters["/text"] = "hunter2 is no key";

        var wrong = Assert.Throws<SettingsException>(() => Build(null, null,
        [
            .. aws.Settings, "--Secrets:MasterKey=aws-kms:AQICAHhkZXM=", $"--Secrets:OtherKeys:0=aws-kms:{small}", "--Secrets:OtherKeys:1=aws-ssm:/missing",
            "--Secrets:OtherKeys:2=aws-ssm:/text", "--Secrets:OtherKeys:3=aws-kms:not base64",
        ]));

        Assert.Equal(
        [
            "Secrets__MasterKey holds a wrapped key, and AWS Key Management Service refuses it: it was not wrapped by a key of this account and region.",
            "Secrets__OtherKeys__0: what aws-kms: leads to holds 3 bytes: it must be base64 of exactly 32 random bytes (openssl rand -base64 32).",
            "Secrets__OtherKeys__1 refers to the parameter /missing, and AWS Systems Manager refuses it: there is no such parameter in this region.",
            "Secrets__OtherKeys__2: what aws-ssm: leads to is not base64: it must be base64 of 32 random bytes (openssl rand -base64 32).",
            "Secrets__OtherKeys__3 refers to no wrapped key: write it as aws-kms: and the CiphertextBlob, in base64, that the service answered.",
        ],
        wrong.Problems);
    }

    [Fact]
    public async Task Wrong_credentials_of_aws_and_a_service_that_is_away_are_told_apart()
    {
        await using var aws = await AwsKeysStub.StartAsync();
        string[] reference = ["--Secrets:MasterKey=aws-ssm:/bibind/master-key"];
        var secret = Assert.Throws<SettingsException>(() => Build(null, null, [.. aws.Settings, "--Secrets:Aws:SecretAccessKey=wrong", .. reference]));
        aws.Fails = (400, "AccessDeniedException");
        var denied = Assert.Throws<SettingsException>(() => Build(null, null, [.. aws.Settings, .. reference]));
        aws.Fails = (500, "InternalServerError");
        var failing = Assert.Throws<StartException>(() => Build(null, null, [.. aws.Settings, .. reference]));
        var gone = Assert.Throws<StartException>(() => Build(null, null, [.. aws.Settings, $"--Secrets:Aws:SsmUrl=http://127.0.0.1:{FreePorts.Next()}", .. reference]));

        Assert.Contains("the credentials are wrong or have expired (InvalidSignatureException)", Assert.Single(secret.Problems), StringComparison.Ordinal);
        Assert.Contains("this machine's role may not read it", Assert.Single(denied.Problems), StringComparison.Ordinal);
        Assert.Equal("Secrets__MasterKey cannot be read: AWS Systems Manager answered 500 InternalServerError.", failing.Message);
        Assert.Equal("Secrets__MasterKey cannot be read: AWS Systems Manager cannot be reached.", gone.Message);
    }

    [Theory]
    [InlineData("vault:somewhere", "Secrets__MasterKey is neither base64 of a key nor a reference to one: references begin with file:, azure-key-vault:, aws-kms:, aws-ssm:.")]
    [InlineData("azure-key-vault:http://bibind.vault.azure.net/secrets/master", "Secrets__MasterKey refers to no secret of a key vault")]
    [InlineData("azure-key-vault:https://bibind.vault.azure.net/keys/master", "Secrets__MasterKey refers to no secret of a key vault")]
    [InlineData("azure-key-vault:", "Secrets__MasterKey refers to no secret of a key vault")]
    [InlineData("aws-ssm:", "Secrets__MasterKey refers to no parameter")]
    [InlineData("file:master.key", "Secrets__MasterKey refers to a file by a path that depends on the current folder")]
    [InlineData("file:/nowhere/master.key", "Secrets__MasterKey refers to the file /nowhere/master.key, which cannot be read")]
    [InlineData("file:/dev", "Secrets__MasterKey refers to the file /dev, which cannot be read")]
    public void A_reference_that_leads_nowhere_is_refused(string reference, string words)
    {
        var wrong = Assert.Throws<SettingsException>(() => Build(null, null, $"--Secrets:MasterKey={reference}", $"--Secrets:Aws:Region={AwsKeysStub.Region}"));

        Assert.StartsWith(words, Assert.Single(wrong.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_of_a_file_counts_and_the_program_ends_in_words_without_one()
    {
        var file = Path.Combine(Path.GetTempPath(), $"bibind-key-{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(file, $"{Key}\n");
        try
        {
            await using var host = Build(null, null, $"--Secrets:MasterKey=file:{file}");
            Assert.Equal(Key, host.Services.GetRequiredService<IOptions<SecretsOptions>>().Value.MasterKey);
        }
        finally
        {
            File.Delete(file);
        }

        string[] away =
        [
            .. HostProgram.Valid, "--Secrets:MasterKey=aws-kms:AQICAHhkZXM=", "--Secrets:Aws:Region=eu-west-3", "--Secrets:Aws:AccessKeyId=k", "--Secrets:Aws:SecretAccessKey=s",
            $"--Secrets:Aws:KmsUrl=http://127.0.0.1:{FreePorts.Next()}",
        ];
        var (exit, _, errors) = await HostProgram.RunAsync([.. away, "settings", "check"]);
        Assert.Equal(
            (StartException.ExitCode, "Secrets__MasterKey cannot be read: AWS Key Management Service cannot be reached."), (exit, errors.Trim()));
    }

    private static string Vault(string secret) => $"--Secrets:MasterKey=azure-key-vault:https://{AzureKeyVaultStub.Host}/secrets/{secret}";

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private Microsoft.AspNetCore.Builder.WebApplication Build(Action<IServiceCollection>? reach, ApiHost? installation, params string[] settings) => FunctionsHost.Build(
        [.. (installation ?? new ApiHost(postgres) { ControlDatabase = "Host=127.0.0.1;Port=1;Database=nowhere" }).Arguments(), .. settings],
        builder =>
        {
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
            reach?.Invoke(builder.Services);
        });
}
