using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>Settings <c>Reconciliation:*</c>: how tenants are compared with what there is of them.</summary>
public sealed class ReconciliationOptions
{
    public const string Section = "Reconciliation";

    /// <summary>False if nothing is compared by itself.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often each tenant is looked at; whole minutes count.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How soon a tenant is looked at again of which something could not be asked.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long after the first look the second one comes: what both see counts.</summary>
    public TimeSpan ConfirmAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long one question about one tenant may take, and one repair.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Tenants of one server that are looked at at once, by all machines together: that is how it stays in the background.</summary>
    public int PerServer { get; set; } = 4;

    /// <summary>Servers whose tenants one machine looks at at once.</summary>
    public int Servers { get; set; } = 10;

    /// <summary>False if what differs is listed only.</summary>
    public bool Repair { get; set; } = true;

    /// <summary>Repairs of all machines together within an hour.</summary>
    public int RepairsPerHour { get; set; } = 60;

    /// <summary>How long tenants are looked at after they have ended.</summary>
    public TimeSpan EndedFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long findings are kept that are closed.</summary>
    public TimeSpan History { get; set; } = TimeSpan.FromDays(90);
}

/// <summary>Says everything that is wrong with the settings.</summary>
internal sealed class ReconciliationOptionsValidation : IValidateOptions<ReconciliationOptions>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, ReconciliationOptions options)
    {
        List<string> problems = [];
        Check(options.Interval >= Minute && options.Interval <= Day, "Interval must be one minute to one day, such as 01:00:00.");
        Check(options.RetryInterval >= Minute && options.RetryInterval <= Day, "RetryInterval must be one minute to one day, such as 00:15:00.");
        Check(options.ConfirmAfter >= TimeSpan.FromSeconds(10) && options.ConfirmAfter <= TimeSpan.FromHours(1), "ConfirmAfter must be ten seconds to one hour, such as 00:01:00.");
        Check(options.Limit >= TimeSpan.FromSeconds(1) && options.Limit <= Minute, "Limit must be one second to one minute, such as 00:00:20.");
        Check(options.PerServer is >= 1 and <= 32, "PerServer must be 1 to 32.");
        Check(options.Servers is >= 1 and <= 1000, "Servers must be 1 to 1000.");
        Check(options.RepairsPerHour is >= 0 and <= 100_000, "RepairsPerHour must be 0 to 100000.");
        Check(options.EndedFor >= TimeSpan.Zero && options.EndedFor <= TimeSpan.FromDays(366), "EndedFor must be 0 to 366 days, such as 30.00:00:00.");
        Check(options.History >= Day && options.History <= TimeSpan.FromDays(3660), "History must be 1 to 3660 days, such as 90.00:00:00.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(bool isRight, string problem)
        {
            if (!isRight)
            {
                problems.Add($"{ReconciliationOptions.Section}__{problem}");
            }
        }
    }
}
