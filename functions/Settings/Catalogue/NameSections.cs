using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Names on the internet: the platform's domain, DNS, certificates, customers' own domains.</summary>
internal static class NameSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Platform", "",
            Text("Platform:Domain", "Tenants are reached as `{code}.{Domain}`.", example: "apps.example.com") with { IsRequired = true },
            Choice("Platform:Scheme", "https", ["https", "http"], "How they are reached; `http` only where nothing ends TLS."),
            Text("Platform:BucketPrefix", "Buckets are named `{BucketPrefix}{code}-{id}`: up to 12 lower-case letters, digits or hyphens, a letter first.", "bibind-")),
        new(
            "DNS", "Where tenants' records are kept; see [DNS and certificates](dns-and-certificates.md).",
            Choice("Dns:Provider", "none", ["none", "powerdns", "ovh", "route53"], "`none` where a wildcard record covers the tenants."),
            Text("Dns:Zone", "The zone that our records are in.", example: "example.com") with { DefaultInWords = "`Platform__Domain`" },
            Text("Dns:Target", "What tenants' names point at: addresses separated by commas, or one host name.", example: "203.0.113.7") with
            {
                DefaultInWords = "the server's own address",
            },
            Number("Dns:Ttl", 300, 60, 86400, "Seconds that others may remember a record."),
            Text("Dns:Owner", "Who we are in the mark on our records: two installations on one zone must differ. 1 to 40 of a-z, 0-9, `.`, `_` and `-`.", "bibind"),
            Text("Dns:Authoritative", "The zone's authoritative servers, as `address` or `address:port` separated by commas.", example: "203.0.113.53") with
            {
                DefaultInWords = "found by NS records",
            },
            Duration("Dns:VerifyLimit", "00:00:20", "00:00:00.001", "00:10:00", "How long a new record may take to be answered by the authoritative servers, in one attempt of a step."),
            Duration("Dns:CallLimit", "00:00:10", "00:00:00.001", "00:02:00", "How long one call of the provider's API may take."),
            Duration("Dns:Patience", "00:00:05", "00:00:00", "00:01:00", "How long a step waits itself when the provider limits our requests; longer waits are left to the durable retry."),
            Address("Dns:PowerDns:Url", "PowerDNS: where its API is.", example: "http://10.0.0.53:8081"),
            Secret("Dns:PowerDns:ApiKey", "PowerDNS: its API key."),
            Secret("Dns:PowerDns:OtherApiKey", "PowerDNS: a key that is tried where the first is refused, while it is changed; see [keys](keys.md)."),
            Address("Dns:Ovh:Url", "OVH: the API's address, version included.", "https://eu.api.ovh.com/1.0"),
            Secret("Dns:Ovh:ApplicationKey", "OVH: the application's key."),
            Secret("Dns:Ovh:ApplicationSecret", "OVH: the application's secret."),
            Secret("Dns:Ovh:ConsumerKey", "OVH: the consumer key, allowed `GET`, `POST`, `PUT` and `DELETE` on the zone."),
            Address("Dns:Route53:Url", "Route 53: the API's address.", "https://route53.amazonaws.com"),
            Secret("Dns:Route53:AccessKeyId", "Route 53: id of the access key."),
            Secret("Dns:Route53:SecretAccessKey", "Route 53: the access key."),
            Secret("Dns:Route53:SessionToken", "Route 53: with temporary credentials only."),
            Text("Dns:Route53:HostedZoneId", "Route 53: the hosted zone's id.", example: "Z0123456789ABC") with { DefaultInWords = "looked up by the zone's name" }),
        new(
            "Certificates", "Where TLS certificates come from; see [DNS and certificates](dns-and-certificates.md).",
            Choice(
                "Certificates:Provider", "none", ["none", "local", "acme", "wildcard"],
                "`none` (whoever ends TLS has its own), `local` (an authority of our own, which browsers do not trust), `acme` (one for each host name) or `wildcard` (one by ACME for all of the platform's sub-domains)."),
            Choice("Certificates:Challenge", "http-01", ["http-01", "dns-01"], "How a name is proved; the wildcard always takes `dns-01`."),
            Number("Certificates:PerWeek", 50, 1, int.MaxValue, "How many certificates of one registered domain may be ordered in 7 days."),
            Number("Certificates:FailuresPerHour", 4, 1, int.MaxValue, "How many orders for one host may fail in an hour before no more are placed."),
            Address("Certificates:Acme:Directory", "The directory of the certificate authority, over https.", "https://acme-v02.api.letsencrypt.org/directory"),
            Flag("Certificates:Acme:AcceptTerms", false, "The authority's terms of service are accepted: read them first. Without it there is no account."),
            Text("Certificates:Acme:Contact", "E-mail address that the authority may write to.", example: "certificates@example.com"),
            Text("Certificates:Acme:EabKeyId", "External account binding, where the authority asks for it: the key's id.", example: "kid-1"),
            Secret("Certificates:Acme:EabKey", "External account binding: the key, in base64url."),
            Text("Certificates:Acme:TrustedRoots", "PEM file of roots for the directory's own TLS, where the system's do not have it.", example: "/etc/bibind/roots.pem"),
            Duration("Certificates:Acme:OrderLimit", "00:01:30", "00:00:00.001", "00:10:00", "How long an order may take from placed to certificate, in one attempt of a step."),
            Duration("Certificates:Acme:CallLimit", "00:00:15", "00:00:00.001", "00:02:00", "How long one call may take."),
            Duration("Certificates:Acme:Patience", "00:00:05", "00:00:00", "00:01:00", "How long a step waits itself when the authority limits our requests; longer waits are left to the durable retry.")),
        new(
            "Customers' own domains", "",
            Text("Domains:Resolvers", "DNS servers that resolve any name, as `address` or `address:port` separated by commas.", example: "9.9.9.9") with
            {
                DefaultInWords = "the system's",
            },
            Duration("Domains:WaitLimit", "7.00:00:00", "00:00:01", "60.00:00:00", "How long a customer has to set the records.")),
        new(
            "Domains to buy", "The keys are those of `Dns__Ovh__*` or `Dns__Route53__*`.",
            Choice("Domains:Registrar:Provider", "none", ["none", "ovh", "route53"], "Where domains are bought."),
            Duration("Domains:Registrar:FirstLook", "00:00:30", "00:00:00.010", "00:15:00", "When an order is looked at first; later looks are further apart."),
            Duration("Domains:Registrar:WaitLimit", "7.00:00:00", "00:00:01", "60.00:00:00", "How long the registrar has to register a name."),
            Text("Domains:Registrar:Ovh:Subsidiary", "The OVH company that bills us.", example: "FR"),
            Text("Domains:Registrar:Ovh:OwnerContact", "The owner of what is bought, where the ending asks for one.", example: "/me/contact/1234"),
            Address("Domains:Registrar:Route53:Url", "The API's address.", "https://route53domains.us-east-1.amazonaws.com"),
            Choice(
                "Domains:Registrar:Route53:Contact:ContactType", "COMPANY", ["PERSON", "COMPANY", "ASSOCIATION", "PUBLIC_BODY", "RESELLER"],
                "Route 53 needs the whole contact: owner, administrator and technician of what is bought."),
            Text("Domains:Registrar:Route53:Contact:FirstName", "First name.", example: "Ada"),
            Text("Domains:Registrar:Route53:Contact:LastName", "Last name.", example: "Example"),
            Text("Domains:Registrar:Route53:Contact:OrganizationName", "Needed unless the owner is a person.", example: "Example SAS"),
            Text("Domains:Registrar:Route53:Contact:AddressLine1", "Street and number.", example: "1 rue Exemple"),
            Text("Domains:Registrar:Route53:Contact:City", "City.", example: "Paris"),
            Text("Domains:Registrar:Route53:Contact:ZipCode", "Postal code.", example: "75001"),
            Text("Domains:Registrar:Route53:Contact:CountryCode", "Two letters.", example: "FR"),
            Text("Domains:Registrar:Route53:Contact:PhoneNumber", "`+`, the country's number, a dot and the rest.", example: "+33.123456789"),
            Text("Domains:Registrar:Route53:Contact:Email", "E-mail address.", example: "domains@example.com")),
    ];
}
