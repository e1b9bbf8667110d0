using System.Net;
using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Notices;

/// <summary>Letters through a real mail server.</summary>
public sealed class MailNoticesTests(PostgresServer postgres)
{
    private static readonly TimeSpan AWhile = TimeSpan.FromMinutes(6);

    [Theory]
    [InlineData("starttls")]
    [InlineData("implicit")]
    public async Task A_welcome_goes_to_the_customer_over_tls_after_sign_in(string tls)
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync(tls, "mailer", NoticeWorld.MailPassword));
        var id = await world.AddTenantAsync("acme", name: "Atelier Zoé", customerName: "Zoé", language: "fr_FR");
        await world.ActivateAsync(id, "acme");
        await world.ActivateAsync(id, "acme");

        Assert.Equal(1, await world.SendAsync());
        Assert.Equal(0, await world.SendAsync());

        var mail = Assert.Single(await world.Mail.MessagesAsync());
        Assert.Equal(("noreply@bibind.test", "jane@acme.example", true, "mailer"), (mail.From, mail.To.Single(), mail.Secure, mail.User));
        var letter = Assert.Single(await world.LettersAsync());
        Assert.Equal("Atelier Zoé est à votre disposition", letter.Subject);
        Assert.Contains("Bonjour Zoé", letter.TextBody, StringComparison.Ordinal);
        Assert.Contains("https://acme.example.test", letter.TextBody, StringComparison.Ordinal);
        Assert.Contains("<a href=\"https://acme.example.test\">", letter.HtmlBody, StringComparison.Ordinal);
        var delivery = await world.DeliveryAsync(await world.IdOfAsync(NoticeKinds.Welcome));
        Assert.Equal("sent", delivery.GetProperty("state").GetString());
        Assert.StartsWith(delivery.GetProperty("messageId").GetString()!, letter.MessageId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_values_are_printed_as_they_are_and_make_no_header()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        var id = await world.AddTenantAsync(
            "evil", name: "{{ 7*7 }}{% assign x = 1 %}<script>alert(1)</script>\r\nBcc: victim@example.com", customerName: "Eve\r\nBcc: victim@example.com\r\n\r\n<img src=x>");
        await world.ActivateAsync(id, "evil");

        Assert.Equal(1, await world.SendAsync());

        var letter = Assert.Single(await world.LettersAsync());
        Assert.Equal(["jane@acme.example"], (await world.Mail.MessagesAsync())[0].To);
        Assert.Empty(letter.Bcc);
        Assert.Single(letter.To);
        Assert.Contains("{{ 7*7 }}{% assign x = 1 %}", letter.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain("49", letter.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", letter.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", letter.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", letter.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", letter.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mail_server_that_is_away_loses_nothing_and_is_not_tried_for_each_letter()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        await world.Mail.StopAsync();
        List<long> raised = [];
        for (var i = 0; i < 20; i++)
        {
            raised.Add((await world.RaiseAsync(Notice.JobFailed(null, $"job-{i}", "backup", "no disk")))!.Value);
        }

        Assert.InRange(await world.SendAsync(), 1, 8);
        world.Clock.Advance(AWhile);
        Assert.InRange(await world.SendAsync(), 1, 8);
        await world.Mail.StartAgainAsync();
        for (var round = 0; round < 5; round++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            await world.SendAsync();
        }

        var letters = await world.LettersAsync();
        Assert.Equal(20, letters.Count);
        Assert.Equal(20, letters.Select(l => l.MessageId).Distinct().Count());
        Assert.All(letters, l => Assert.Equal("ops@bibind.test", l.To.Mailboxes.Single().Address));
        var results = await world.ResultsAsync(raised[0]);
        Assert.Equal(("failed", "sent"), (results[0], results[^1]));
    }

    [Fact]
    public async Task A_refusal_for_now_is_tried_again_and_one_for_good_is_a_dead_letter_that_can_be_sent_again()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        await world.Mail.AnswerAsync(to: "450 mailbox busy");
        var id = await world.AddTenantAsync("dead");
        var notice = (await world.RaiseAsync(Notice.Suspended(id, "suspend-1", "The invoice is not paid.")))!.Value;
        await world.SendAsync();
        var waiting = await world.DeliveryAsync(notice);
        Assert.Equal("waiting", waiting.GetProperty("state").GetString());
        Assert.Contains("450", waiting.GetProperty("reason").GetString(), StringComparison.Ordinal);

        await world.Mail.AnswerAsync(data: "554 spam");
        world.Clock.Advance(AWhile);
        await world.SendAsync();
        var dead = await world.DeliveryAsync(notice);
        Assert.Equal("dead", dead.GetProperty("state").GetString());
        Assert.Contains("554", dead.GetProperty("reason").GetString(), StringComparison.Ordinal);
        using var listed = await world.Host.GetAsync("/api/notices?state=dead&tenant=dead&kind=suspended");
        Assert.Equal(1, (await ApiHost.JsonAsync(listed)).GetProperty("total").GetInt32());

        await world.Mail.AnswerAsync();
        await world.Host.ExecuteAsync("update control.tenants set customer_email = 'new@acme.example' where code = 'dead'");
        using var again = await world.Host.SendAsync(HttpMethod.Post, $"/api/notices/{notice}/resend", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        await world.SendAsync();
        Assert.Equal(["new@acme.example"], (await world.Mail.MessagesAsync()).Single().To);
        Assert.Equal(["failed", "refused", "sent"], await world.ResultsAsync(notice));
    }

    [Fact]
    public async Task It_is_given_up_after_three_days()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        await world.Mail.AnswerAsync(data: "451 later");
        var notice = (await world.RaiseAsync(Notice.JobFailed(null, "job", "backup", "no disk")))!.Value;
        var start = world.Clock.GetUtcNow();
        while ((await world.DeliveryAsync(notice)).GetProperty("state").GetString() == "waiting" && world.Clock.GetUtcNow() < start.AddDays(5))
        {
            await world.SendAsync();
            world.Clock.Advance(TimeSpan.FromHours(1));
        }

        Assert.InRange(world.Clock.GetUtcNow() - start, TimeSpan.FromDays(1.5), TimeSpan.FromDays(3.2));
        Assert.InRange((await world.ResultsAsync(notice)).Count, 6, 10);
    }

    [Fact]
    public async Task One_that_was_sent_before_its_host_died_comes_once_more_under_the_same_id()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        var notice = (await world.RaiseAsync(Notice.JobFailed(null, "job", "backup", "no disk")))!.Value;
        var queue = world.Host.Services.GetRequiredService<NoticeQueue>();
        var taken = (await queue.TakeAsync(withoutMail: false, [], TestContext.Current.CancellationToken))!;
        var sent = await world.Host.Services.GetRequiredService<MailSender>().SendAsync(taken, TestContext.Current.CancellationToken);
        Assert.Equal(AttemptResults.Sent, sent.Result);

        // The host dies here. While its lease lasts nobody else sends it.
        Assert.Equal(0, await world.SendAsync());
        world.Clock.Advance(queue.Lease);
        Assert.Equal(1, await world.SendAsync());
        Assert.Equal(0, await world.SendAsync());

        var letters = await world.LettersAsync();
        Assert.Equal(2, letters.Count);
        Assert.Single(letters.Select(l => l.MessageId).Distinct());
        Assert.Equal(["unknown", "sent"], await world.ResultsAsync(notice));

        // One that was only asleep says so late, and harms nothing.
        await queue.EndAsync(taken, sent, TestContext.Current.CancellationToken);
        Assert.Equal(["sent", "sent"], await world.ResultsAsync(notice));
    }

    [Fact]
    public async Task A_host_that_is_killed_while_the_mail_server_has_the_letter_causes_one_more_with_the_same_id()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        await world.Mail.AnswerAsync(hold: true);
        using (HostProgram.Start([.. world.Host.Arguments(), "--Timers:Enabled=true", "--Timers:Sweep=false", "--Notices:Limit=00:01:00", "--Notices:Interval=00:00:00.2"]))
        {
            await world.RaiseAsync(Notice.JobFailed(null, "job", "backup", "no disk"));
            await Eventually.UntilAsync(world.LettersAsync, letters => letters.Count == 1, TimeSpan.FromSeconds(60), "the mail server has the letter");
        }

        // Disposing of it killed it. The mail server may say that it took the letter: nobody hears it.
        await world.Mail.AnswerAsync();
        Assert.Equal(0, await world.SendAsync());
        world.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await world.SendAsync());
        Assert.Equal(0, await world.SendAsync());

        var letters = await world.LettersAsync();
        Assert.Equal((2, 1), (letters.Count, letters.Select(l => l.MessageId).Distinct().Count()));
        Assert.Equal(["unknown", "sent"], await world.ResultsAsync(await world.IdOfAsync(NoticeKinds.JobFailed)));
    }

    [Theory]
    [InlineData("jürgen@acme.example", false, "SMTPUTF8")]
    [InlineData("jane@acme.example, eve@acme.example", true, "no e-mail address")]
    [InlineData("jane@acme.example\r\nRCPT TO:<eve@acme.example>", true, "control characters")]
    [InlineData("jane@[127.0.0.1]", true, "domain")]
    public async Task An_address_that_cannot_be_sent_to_is_said_clearly(string address, bool takesUtf8, string words)
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none", takesUtf8: takesUtf8));
        var id = await world.AddTenantAsync("odd", email: address);
        var notice = (await world.RaiseAsync(Notice.Resumed(id, "resume-1")))!.Value;

        await world.SendAsync();

        var delivery = await world.DeliveryAsync(notice);
        Assert.Equal("dead", delivery.GetProperty("state").GetString());
        Assert.Contains(words, delivery.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Empty(await world.Mail.MessagesAsync());
    }

    [Theory]
    [InlineData("jürgen@acme.example", "jürgen@acme.example")]
    [InlineData("jane@bücher.example", "jane@xn--bcher-kva.example")]
    public async Task Internationalised_addresses_are_sent_to(string address, string envelope)
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("none"));
        var id = await world.AddTenantAsync("international", email: address);
        await world.RaiseAsync(Notice.Resumed(id, "resume-1"));

        await world.SendAsync();

        Assert.Equal([envelope], Assert.Single(await world.Mail.MessagesAsync()).To.Select(t => t.Replace("bücher", "xn--bcher-kva", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wrong_password_and_a_server_without_tls_lose_nothing()
    {
        await using var world = await NoticeWorld.StartAsync(postgres, await MailServer.StartAsync("starttls", "mailer", NoticeWorld.MailPassword), "--Notices:Mail:Password=wrong");
        var notice = (await world.RaiseAsync(Notice.JobFailed(null, "job", "backup", "no disk")))!.Value;

        await world.SendAsync();

        var delivery = await world.DeliveryAsync(notice);
        Assert.Equal("waiting", delivery.GetProperty("state").GetString());
        Assert.Contains("Notices__Mail__User", delivery.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(NoticeWorld.MailPassword, delivery.ToString(), StringComparison.Ordinal);
    }
}
