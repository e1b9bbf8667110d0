namespace Bibind.ControlPlane.Notices;

/// <summary>Settings <c>Notices:*</c> that say whom notices go to; all hosts of an installation have the same.</summary>
public sealed class NoticeOptions
{
    public const string Section = "Notices";

    /// <summary>False keeps what is due where it is: this host sends nothing.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often a host that lives on looks for what is due.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many one host sends at once.</summary>
    public int Concurrency { get; set; } = 8;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a notice is tried to be delivered.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How long a notice is kept with its deliveries and attempts; one whose cause lasts, or that is under way, longer.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(400);

    /// <summary>The address that operators are e-mailed at; null: webhooks tell them.</summary>
    public string? Operators { get; set; }

    /// <summary>The language where the customer's has no templates.</summary>
    public string Language { get; set; } = "en";

    /// <summary>A folder with templates in the place of those supplied; null: none.</summary>
    public string? Templates { get; set; }

    /// <summary>How long the former secret of a webhook signs beside the new one.</summary>
    public TimeSpan SecretOverlap { get; set; } = TimeSpan.FromDays(1);

    /// <summary>True lets webhooks reach private, loopback and link-local addresses, and by http too.</summary>
    public bool AllowPrivateTargets { get; set; }

    /// <summary>The mail server.</summary>
    public MailOptions Mail { get; set; } = new();
}

/// <summary>Settings <c>Notices:Mail:*</c>.</summary>
public sealed class MailOptions
{
    public const string StartTls = "starttls";
    public const string Implicit = "implicit";
    public const string Plain = "none";

    /// <summary>The mail server's name; null: nobody is e-mailed.</summary>
    public string? Host { get; set; }

    public int Port { get; set; } = 587;

    /// <summary><see cref="StartTls"/>, <see cref="Implicit"/> or <see cref="Plain"/>.</summary>
    public string Security { get; set; } = StartTls;

    public string? User { get; set; }

    /// <summary>The password, or where it is: <c>file:</c> and the other sources of keys.</summary>
    public string? Password { get; set; }

    /// <summary>PEM file of roots for the server's certificate, where the system's do not have it.</summary>
    public string? TrustedRoots { get; set; }

    /// <summary>The sender's address.</summary>
    public string? From { get; set; }

    /// <summary>The sender's name, which letters are signed with too.</summary>
    public string FromName { get; set; } = "Bibind";

    /// <summary>Where answers go; null: to the sender.</summary>
    public string? ReplyTo { get; set; }

    /// <summary>True if people are e-mailed.</summary>
    public bool IsOn => !string.IsNullOrWhiteSpace(Host);
}
