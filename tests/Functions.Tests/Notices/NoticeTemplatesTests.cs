using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Registrations;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Functions.Tests.Notices;

/// <summary>The letters that are supplied, and those that operators put in their place.</summary>
public sealed class NoticeTemplatesTests
{
    private static readonly DateTimeOffset Day = new(2027, 2, 28, 0, 0, 0, TimeSpan.Zero);

    private static readonly Notice[] Examples =
    [
        Notice.Welcome(1), Notice.TrialEnding(1, Day, 7), Notice.SubscriptionExpiring(1, Day, 1), Notice.Suspended(1, "j", "Not paid."), Notice.Resumed(1, "j"),
        Notice.QuotaReached(1, "storage", 100, "5 GB", "5 GB"), Notice.BackupMissing(1, null, "No disk."), Notice.CertificateFailing(1, "shop.example", Day, 2, "Refused."),
        Notice.JobFailed(1, "backup-acme-1-1", "backup", "No disk."), Notice.BillingGapPassed(1, "acme", 3, 5),
        Notice.DriftFound(1, "bucket-missing", "acme-bucket", "There is no bucket.", "Restore it.", "It is never repaired by itself."), Notice.AlertRaised("queue-age", "orchestrations", "critical", "Nobody works."),
        Notice.SupportRequested(1, 7, "olga", "Ticket 7.", "user", 60, Day), Notice.SupportOpened(1, 7, "olga", "Ticket 7.", "user", Day, Day.AddHours(1)),
        Notice.SupportEnded(1, 7, "olga", "Ticket 7.", "administrator", Day, Day.AddHours(1)),
        new Registration { Id = 1, Code = "acme", Name = "Acme & Sons", ExpiresAt = Day }.ConfirmNotice(), new Registration { Id = 1, Code = "acme", Name = "Acme & Sons" }.RefusedNotice("taken"),
    ];

    public static TheoryData<string, string> Letters => [.. from notice in Examples from language in new[] { "en", "fr" } select (notice.Kind, language)];

    [Fact]
    public void Every_kind_has_an_example() => Assert.Equal(NoticeKinds.Mailed, Examples.Select(e => e.Kind));

    [Theory]
    [MemberData(nameof(Letters))]
    public void Every_kind_has_a_letter_that_uses_all_that_is_told(string kind, string language)
    {
        var notice = Examples.Single(e => e.Kind == kind);
        var values = new Dictionary<string, string>(notice.Data) { ["name"] = "Acme & Sons", ["tenant"] = "acme", ["url"] = "https://acme.example", ["customerName"] = "Jane", ["sender"] = "Bibind" };

        var letter = Make(null).Render(kind, language, values);

        var said = notice.Data.Where(d => d.Key is not ("resource" or "failures" or "jobKind" or "days" or "registration" or "cause" or "access" or "tenantId" or "level")).Select(d => d.Value);
        Assert.All(said, value => Assert.Contains(value, letter.Subject + letter.Text, StringComparison.Ordinal));
        Assert.All(said, value => Assert.Contains(value, letter.Subject + letter.Html, StringComparison.Ordinal));
        Assert.DoesNotContain("{{", letter.Text + letter.Html, StringComparison.Ordinal);
        Assert.Contains($"<html lang=\"{language}\">", letter.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Acme & Sons", letter.Html, StringComparison.Ordinal);
        Assert.True((NoticeKinds.ForCustomers.Contains(kind) || NoticeKinds.ForVisitors.Contains(kind)) == letter.Text.Contains("Jane", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("en")]
    [InlineData("fr")]
    public void Many_missing_backups_are_one_letter(string language)
    {
        var letter = Make(null).Render(NoticeKinds.BackupMissing, language, new Dictionary<string, string>(Notice.BackupsMissing(101).Data));
        Assert.All([letter.Subject, letter.Text, letter.Html], text => Assert.Contains("101", text, StringComparison.Ordinal));
        Assert.DoesNotContain("unknown", letter.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("fr")]
    public void Who_is_to_be_suspended_for_what_is_used_is_told_when(string language)
    {
        var values = new Dictionary<string, string>(Notice.QuotaExceeded(1, "users", "7", "5", Day).Data) { ["name"] = "Acme" };
        var letter = Make(null).Render(NoticeKinds.QuotaReached, language, values);
        Assert.All([letter.Text, letter.Html], text => Assert.Contains("2027-02-28", text, StringComparison.Ordinal));
        Assert.DoesNotContain("100 %", letter.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void Others_take_their_place_and_a_broken_one_is_named_and_not_used()
    {
        var folder = Directory.CreateTempSubdirectory("notices").FullName;
        File.WriteAllText(Path.Combine(folder, "welcome.de.liquid"), "Willkommen bei {{ name }}\n---text---\nHallo {{ 7 | times: 7 }}\n---html---\n<p>{{ name }}</p>\n");
        File.WriteAllText(Path.Combine(folder, "welcome.fr.liquid"), "Bienvenue {{ name \n---text---\nx\n---html---\n<p>x</p>\n");
        File.WriteAllText(Path.Combine(folder, "resumed.en.liquid"), "no marks");
        File.WriteAllText(Path.Combine(folder, "resumed.fr.liquid"), "Sans fin\n---text---\n{% for i in (1..1000000) %}x{% endfor %}\n---html---\n<p>x</p>\n");
        File.WriteAllText(Path.Combine(folder, "greeting.en.liquid"), "x\n---text---\nx\n---html---\nx\n");
        var templates = Make(folder);
        var values = new Dictionary<string, string> { ["name"] = "<{{ 7*7 }}>" };

        var german = templates.Render(NoticeKinds.Welcome, "de_DE", values);
        Assert.Equal(("Willkommen bei <{{ 7*7 }}>", "Hallo 49\n"), (german.Subject, german.Text));
        Assert.Contains("<p>&lt;{{ 7*7 }}&gt;</p>", german.Html, StringComparison.Ordinal);
        Assert.Contains("à votre disposition", templates.Render(NoticeKinds.Welcome, "fr_FR", values).Subject, StringComparison.Ordinal);
        Assert.Contains("is open again", templates.Render(NoticeKinds.Resumed, "zh_CN", values).Subject, StringComparison.Ordinal);
        Assert.Equal(
            ["greeting.en.liquid", "resumed.en.liquid", "resumed.fr.liquid", "welcome.fr.liquid"], templates.Problems.Select(p => p.Split(' ', ':')[0]).Order(StringComparer.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Settings_that_cannot_work_are_all_named_at_the_start()
    {
        var (exitCode, _, errors) = await HostProgram.RunAsync(
            [
                .. HostProgram.Valid, "--Notices:Mail:Host=smtp.example.com", "--Notices:Mail:User=u", "--Notices:Mail:Password=geheim", "--Notices:Mail:Security=none",
                "--Notices:Operators=nobody", "--Notices:Templates=/nowhere/at/all",
            ]);

        Assert.NotEqual(0, exitCode);
        Assert.All(
            ["Notices__Mail__From", "in the clear", "Notices__Operators", "Notices__Templates"], words => Assert.Contains(words, errors, StringComparison.Ordinal));
        Assert.DoesNotContain("geheim", errors, StringComparison.Ordinal);
    }

    private static NoticeTemplates Make(string? folder) =>
        new(Options.Create(new NoticeOptions { Templates = folder }), NullLogger<NoticeTemplates>.Instance);
}
