using System.Globalization;
using System.Text.Encodings.Web;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>
/// <c>/support-access/consent</c>: where the letter leads that asks for a consent. To look at the page does nothing, for programs that look at mail follow links; its
/// buttons do. Both are recorded as a customer's call is.
/// </summary>
internal static class SupportPages
{
    private const string Address = "/support-access/consent";
    private const string Approve = "approve";
    private const string Refuse = "refuse";
    private static readonly Caller ByLetter = new("link of the letter", Role: null) { Source = "link" };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, ShowAsync).WithName("showSupportConsentPage").ExcludeFromDescription();
        routes.MapPost(Address, DecideAsync).WithName("decideOnSupportConsentPage").ExcludeFromDescription();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, IOptions<SupportOptions> options, SupportAccessStore store, TimeProvider time)
    {
        RequireOpen(options.Value);
        var words = WordsOf(context.Request.Query["lang"]);
        string? token = context.Request.Query["token"];
        if (SupportSecrets.HashOf(token) is not { } hash || await store.FindByTokenAsync(hash, context.RequestAborted) is not { } access)
        {
            return Page(context, StatusCodes.Status404NotFound, words, words.Broken);
        }

        return access.State != SupportStates.Waiting || access.ConsentUntil <= time.GetUtcNow()
            ? Page(context, StatusCodes.Status410Gone, words, words.Over)
            : Page(context, StatusCodes.Status200OK, words, AskOf(words, access), $"""
                <form method="post" action="{Address}?lang={words.Language}"><input type="hidden" name="token" value="{token}">
                <button name="decision" value="{Approve}">{words.Yes}</button> <button name="decision" value="{Refuse}">{words.No}</button></form>
                """);
    }

    private static async Task<IResult> DecideAsync(
        HttpContext context, IOptions<SupportOptions> options, SupportAccessStore store, TenantStore tenants, SupportOrdering ordering, AuditTrail trail)
    {
        RequireOpen(options.Value);
        var words = WordsOf(context.Request.Query["lang"]);
        var form = await LetterPages.ReadFormAsync(context);
        var decision = form.TryGetValue("decision", out var said) ? said.ToString() : null;
        if (decision is not (Approve or Refuse) || SupportSecrets.HashOf(form.TryGetValue("token", out var token) ? token.ToString() : null) is not { } hash
            || await store.FindByTokenAsync(hash, context.RequestAborted) is not { } access || await tenants.GetAsync(access.TenantId, context.RequestAborted) is not { } tenant)
        {
            return Page(context, StatusCodes.Status404NotFound, words, words.Broken);
        }

        if (access.State != SupportStates.Waiting)
        {
            return Page(context, StatusCodes.Status410Gone, words, words.Over);
        }

        var (page, status) = (default(IResult), StatusCodes.Status200OK);
        var row = await trail.BeginAsync(context, ByLetter with { Customer = tenant.Customer });
        try
        {
            await ordering.DecideAsync(tenant, access.Id, decision == Approve, new SupportDecision(ByLetter.Name, Reason: null), customer: null, context.RequestAborted);
            page = Page(context, status, words, decision == Approve ? words.Approved : words.Refused);
        }
        catch (ProblemException refused) when (refused.Problem.Status is >= 400 and < 500)
        {
            status = StatusCodes.Status410Gone;
            page = Page(context, status, words, words.Over);
        }

        context.Features.Set(new CommandNotes(tenant.Code, $"{decision} support access {access.Id.ToString(CultureInfo.InvariantCulture)} of {access.RequestedBy}: {access.Reason}"));
        await trail.CompleteAsync(context, row, status);
        return page;
    }

    private static void RequireOpen(SupportOptions options)
    {
        if (string.IsNullOrEmpty(options.ConsentUrl))
        {
            throw new ProblemException(ProblemFactory.NotFound("There is nothing at this address; /openapi/v1.json lists what there is."));
        }
    }

    private static string AskOf(Words words, SupportAccess access) => string.Format(
        CultureInfo.InvariantCulture, access.Level == Contracts.SupportLevels.Administrator ? words.AskAdministrator : words.Ask,
        HtmlEncoder.Default.Encode(access.RequestedBy), HtmlEncoder.Default.Encode(access.TenantCode), access.Minutes, HtmlEncoder.Default.Encode(access.Reason),
        access.ConsentUntil!.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));

    private static IResult Page(HttpContext context, int status, Words words, string text, string more = "") =>
        LetterPages.Show(context, status, words.Language, words.Title, text, more);

    private static Words WordsOf(string? language) => language == "fr" ? French : English;

    private static readonly Words English = new("en", "Access of our support")
    {
        Ask = "{0} of our support asks to enter {1} for {2} minutes, because: {3}<br>The account is removed at the end. You can decide until {4}.",
        AskAdministrator = "{0} of our support asks to enter {1} for {2} minutes, with an administrator’s rights, because: {3}<br>The account is removed at the end. You can decide until {4}.",
        Yes = "Yes, let them in",
        No = "No",
        Approved = "Thank you. Our support can enter for that time; a letter follows when it is over.",
        Refused = "Nobody gets in.",
        Over = "There is nothing to decide any more: somebody has answered, the request was withdrawn, or its time is over.",
        Broken = "This link is not complete. Please take the whole link of the letter.",
    };

    private static readonly Words French = new("fr", "Accès de notre assistance")
    {
        Ask = "{0}, de notre assistance, demande à entrer dans {1} pendant {2} minutes. Motif : {3}<br>Le compte est supprimé à la fin. Vous pouvez répondre jusqu’au {4}.",
        AskAdministrator = "{0}, de notre assistance, demande à entrer dans {1} pendant {2} minutes avec des droits d’administration. Motif : {3}<br>Le compte est supprimé à la fin. Vous pouvez répondre jusqu’au {4}.",
        Yes = "Oui, laisser entrer",
        No = "Non",
        Approved = "Merci. Notre assistance peut entrer pendant ce temps ; un message suivra à la fin.",
        Refused = "Personne n’entre.",
        Over = "Il n’y a plus rien à décider : quelqu’un a répondu, la demande a été retirée, ou le délai est passé.",
        Broken = "Ce lien n’est pas complet. Reprenez le lien entier du message.",
    };

    private sealed record Words(string Language, string Title)
    {
        public required string Ask { get; init; }
        public required string AskAdministrator { get; init; }
        public required string Yes { get; init; }
        public required string No { get; init; }
        public required string Approved { get; init; }
        public required string Refused { get; init; }
        public required string Over { get; init; }
        public required string Broken { get; init; }
    }
}
