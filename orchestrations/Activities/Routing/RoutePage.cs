using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;

namespace Bibind.Activities.Routing;

/// <summary>What the visitors of a closed tenant are told.</summary>
public enum RoutePage
{
    /// <summary>503: a job works on it, or has left it closed.</summary>
    Unavailable,

    /// <summary>503: it is suspended.</summary>
    Suspended,

    /// <summary>402: it is suspended because a bill is not paid.</summary>
    PaymentRequired,
}

/// <summary>The pages: small, without anything from elsewhere, and of ASCII alone, so that every proxy's configuration can hold them.</summary>
internal static class RoutePages
{
    /// <summary>How long whoever meets a 503 waits before the next try, in seconds.</summary>
    public const int RetryAfterSeconds = 120;

    /// <summary>The page of a tenant that is to stay suspended; null of any other.</summary>
    public static RoutePage? Of(Suspension? suspension) => suspension switch
    {
        { IsInForce: true, Cause: SuspensionCauses.Payment } => RoutePage.PaymentRequired,
        { IsInForce: true } => RoutePage.Suspended,
        _ => null,
    };

    /// <summary>The HTTP status.</summary>
    public static int StatusOf(RoutePage page) => page == RoutePage.PaymentRequired ? 402 : 503;

    /// <summary>In English.</summary>
    public static string English(RoutePage page) => page switch
    {
        RoutePage.PaymentRequired => Write(
            "en", "Payment required", "This service is suspended because a bill has not been paid. Nothing has been deleted: it opens again once the bill is paid.",
            "If you are its customer, please look at your bills or contact your provider."),
        RoutePage.Suspended => Write(
            "en", "This service is suspended", "It has been suspended by its provider. Nothing has been deleted.", "Please contact your provider."),
        _ => Write(
            "en", "Back in a moment", "This service is being worked on and cannot be reached for the moment.", "Please try again in a few minutes."),
    };

    /// <summary>In French.</summary>
    public static string French(RoutePage page) => page switch
    {
        RoutePage.PaymentRequired => Write(
            "fr", "Paiement requis",
            "Ce service est suspendu car une facture n&rsquo;a pas &eacute;t&eacute; r&eacute;gl&eacute;e. Rien n&rsquo;a &eacute;t&eacute; supprim&eacute;&nbsp;: il rouvre d&egrave;s le paiement.",
            "Si vous en &ecirc;tes le client, veuillez consulter vos factures ou contacter votre fournisseur."),
        RoutePage.Suspended => Write(
            "fr", "Ce service est suspendu",
            "Il a &eacute;t&eacute; suspendu par son fournisseur. Rien n&rsquo;a &eacute;t&eacute; supprim&eacute;.", "Veuillez contacter votre fournisseur."),
        _ => Write(
            "fr", "De retour dans un instant",
            "Une intervention est en cours sur ce service, qui n&rsquo;est pas joignable pour le moment.", "Veuillez r&eacute;essayer dans quelques minutes."),
    };

    private static string Write(string language, string title, string what, string advice) =>
        $"<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\">"
        + $"<title>{title}</title></head><body style=\"font-family:sans-serif;max-width:36em;margin:15vh auto;padding:0 1em;line-height:1.5\"><h1>{title}</h1><p>{what}</p><p>{advice}</p></body></html>";
}
