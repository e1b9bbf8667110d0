using System.Net;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Notices;

/// <summary>Says everything that is wrong with the settings of notices, never a password.</summary>
internal sealed class NoticeOptionsValidation : IValidateOptions<NoticeOptions>
{
    public ValidateOptionsResult Validate(string? name, NoticeOptions options)
    {
        List<string> problems = [];
        Check(problems, options.Interval >= TimeSpan.FromMilliseconds(100) && options.Interval <= TimeSpan.FromHours(1), "Notices__Interval must be 0.1 seconds to one hour, such as 00:00:05.");
        Check(problems, options.Concurrency is >= 1 and <= 100, "Notices__Concurrency must be 1 to 100.");
        Check(problems, options.Limit >= TimeSpan.FromSeconds(1) && options.Limit <= TimeSpan.FromMinutes(2), "Notices__Limit must be one second to two minutes, such as 00:00:20.");
        Check(
            problems, options.GiveUpAfter >= TimeSpan.FromMinutes(1) && options.GiveUpAfter <= TimeSpan.FromDays(30),
            "Notices__GiveUpAfter must be one minute to 30 days, such as 3.00:00:00.");
        Check(problems, options.SecretOverlap >= TimeSpan.Zero && options.SecretOverlap <= TimeSpan.FromDays(30), "Notices__SecretOverlap must be 0 to 30 days, such as 1.00:00:00.");
        Check(problems, string.IsNullOrEmpty(options.Templates) || Directory.Exists(options.Templates), "Notices__Templates must name a folder that is there.");
        CheckAddress(problems, "Notices__Operators", options.Operators);
        CheckMail(problems, options.Mail);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckMail(List<string> problems, MailOptions mail)
    {
        Check(
            problems, mail.Security is MailOptions.StartTls or MailOptions.Implicit or MailOptions.Plain,
            $"Notices__Mail__Security must be {MailOptions.StartTls}, {MailOptions.Implicit} or {MailOptions.Plain}.");
        Check(problems, mail.Port is >= 1 and <= 65535, "Notices__Mail__Port must be 1 to 65535.");
        CheckAddress(problems, "Notices__Mail__From", mail.From);
        CheckAddress(problems, "Notices__Mail__ReplyTo", mail.ReplyTo);
        Check(problems, PlainText.ProblemWith(mail.FromName, mayHaveLines: false) is null, "Notices__Mail__FromName must be a name in one line.");
        if (!mail.IsOn)
        {
            return;
        }

        Check(problems, !string.IsNullOrEmpty(mail.From), "Notices__Mail__From must be the sender's address where Notices__Mail__Host is set.");
        Check(
            problems, string.IsNullOrEmpty(mail.User) == string.IsNullOrEmpty(mail.Password), "Notices__Mail__User and Notices__Mail__Password must be set together, or neither.");
        Check(
            problems, string.IsNullOrEmpty(mail.User) || mail.Security != MailOptions.Plain || IsThisMachine(mail.Host!),
            "Notices__Mail__Security is none: a password would cross the network in the clear. Set it to starttls or implicit.");
        Check(problems, string.IsNullOrEmpty(mail.TrustedRoots) || File.Exists(mail.TrustedRoots), "Notices__Mail__TrustedRoots must name a PEM file that is there.");
    }

    private static bool IsThisMachine(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static void CheckAddress(List<string> problems, string setting, string? address)
    {
        if (!string.IsNullOrEmpty(address) && EmailAddress.Read(address, out var problem) is null)
        {
            problems.Add($"{setting} {problem}.");
        }
    }

    private static void Check(List<string> problems, bool isRight, string otherwise)
    {
        if (!isRight)
        {
            problems.Add(otherwise);
        }
    }
}
