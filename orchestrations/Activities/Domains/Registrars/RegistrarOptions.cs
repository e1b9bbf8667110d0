namespace Bibind.Activities.Domains.Registrars;

/// <summary>Settings <c>Domains:Registrar:*</c>: where domains are bought. The keys are those of <c>Dns:Ovh</c> or <c>Dns:Route53</c>.</summary>
public sealed class RegistrarOptions
{
    public const string Section = "Domains:Registrar";

    /// <summary><c>none</c>, <c>ovh</c> or <c>route53</c>.</summary>
    public string Provider { get; set; } = RegistrarProviders.None;

    /// <summary>When an order is looked at first; later looks are further apart.</summary>
    public TimeSpan FirstLook { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the registrar has to register a name.</summary>
    public TimeSpan WaitLimit { get; set; } = TimeSpan.FromDays(7);

    public OvhRegistrarSettings Ovh { get; set; } = new();

    public Route53RegistrarSettings Route53 { get; set; } = new();
}

/// <summary>Settings <c>Domains:Registrar:Ovh:*</c>.</summary>
public sealed class OvhRegistrarSettings
{
    /// <summary>The subsidiary that bills us, such as <c>FR</c>.</summary>
    public string Subsidiary { get; set; } = string.Empty;

    /// <summary>The owner of what is bought, where the ending asks for one: such as <c>/me/contact/1234</c>.</summary>
    public string OwnerContact { get; set; } = string.Empty;
}

/// <summary>Settings <c>Domains:Registrar:Route53:*</c>.</summary>
public sealed class Route53RegistrarSettings
{
    public string Url { get; set; } = "https://route53domains.us-east-1.amazonaws.com";

    public RegistrarContact Contact { get; set; } = new();
}

/// <summary>Settings <c>Domains:Registrar:Route53:Contact:*</c>: owner, administrator and technician of what is bought.</summary>
public sealed class RegistrarContact
{
    /// <summary><c>PERSON</c>, <c>COMPANY</c>, <c>ASSOCIATION</c>, <c>PUBLIC_BODY</c> or <c>RESELLER</c>.</summary>
    public string ContactType { get; set; } = "COMPANY";
    public string FirstName { get; set; } = string.Empty;
    public string LastName { get; set; } = string.Empty;

    /// <summary>Needed unless the owner is a person.</summary>
    public string OrganizationName { get; set; } = string.Empty;
    public string AddressLine1 { get; set; } = string.Empty;
    public string City { get; set; } = string.Empty;
    public string ZipCode { get; set; } = string.Empty;

    /// <summary>Two letters, such as <c>FR</c>.</summary>
    public string CountryCode { get; set; } = string.Empty;

    /// <summary>Such as <c>+33.123456789</c>.</summary>
    public string PhoneNumber { get; set; } = string.Empty;
    public string Email { get; set; } = string.Empty;
}
