using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Bibind.ControlPlane.Registrations;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>
/// <c>/registrations/confirm</c>: where the letter leads. To look at the page does nothing, for programs that look at mail follow links; its button does.
/// </summary>
internal static partial class RegistrationPages
{
    private const string Address = "/registrations/confirm";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, Show).WithName("showRegistrationPage").ExcludeFromDescription();
        routes.MapPost(Address, ConfirmAsync).WithName("confirmOnRegistrationPage").ExcludeFromDescription();
    }

    private static IResult Show(HttpContext context, IOptions<RegistrationOptions> options)
    {
        RegistrationsApi.RequireOpen(options.Value);
        var words = WordsOf(context.Request.Query["lang"]);
        string? token = context.Request.Query["token"];
        return token is not null && Token().IsMatch(token)
            ? Page(context, StatusCodes.Status200OK, words, words.Ask, $"""
                <form method="post" action="{Address}?lang={words.Language}"><input type="hidden" name="token" value="{token}"><button>{words.Button}</button></form>
                """)
            : Page(context, StatusCodes.Status404NotFound, words, words.Broken);
    }

    private static async Task<IResult> ConfirmAsync(HttpContext context, IOptions<RegistrationOptions> options, RegistrationOrdering ordering)
    {
        RegistrationsApi.RequireOpen(options.Value);
        var words = WordsOf(context.Request.Query["lang"]);
        try
        {
            var confirmed = await ordering.ConfirmAsync(await ReadTokenAsync(context), context.RequestAborted);
            var url = HtmlEncoder.Default.Encode(confirmed.Url);
            return Page(context, StatusCodes.Status200OK, words, words.Done, $"""<p><a href="{url}">{url}</a></p>""");
        }
        catch (ProblemException refused) when (refused.Problem.Status is >= 400 and < 500)
        {
            return Page(context, refused.Problem.Status, words, refused.Problem.Kind switch
            {
                "registration-expired" => words.Expired,
                "registration-used" => words.Used,
                "registration-withdrawn" => words.Withdrawn,
                "registration-failed" => words.Failed,
                _ => words.Broken,
            });
        }
    }

    // One field; whatever else a form has is not looked at.
    private static async Task<string> ReadTokenAsync(HttpContext context) =>
        (await LetterPages.ReadFormAsync(context)).TryGetValue("token", out var token) ? token.ToString() : string.Empty;

    private static IResult Page(HttpContext context, int status, Words words, string text, string more = "") =>
        LetterPages.Show(context, status, words.Language, words.Title, text, more);

    private static Words WordsOf(string? language) => language == "fr" ? French : English;

    private static readonly Words English = new("en", "Confirm your e-mail address")
    {
        Ask = "You registered for a trial. Confirm that this e-mail address is yours, and it is set up.",
        Button = "Confirm",
        Done = "Thank you. Your trial is being set up; a letter follows when it is ready. You will find it here:",
        Expired = "This link has expired. Please register again.",
        Used = "This link was used before. Your trial is being set up, or is ready.",
        Withdrawn = "This registration was replaced by a newer one, or withdrawn. Please use the newest letter, or register again.",
        Failed = "Your trial cannot be set up under this name. Please register again with another one.",
        Broken = "This link is not complete. Please take the whole link of the letter, or register again.",
    };

    private static readonly Words French = new("fr", "Confirmez votre adresse e-mail")
    {
        Ask = "Vous avez demandé un essai. Confirmez que cette adresse e-mail est la vôtre, et il sera mis en place.",
        Button = "Confirmer",
        Done = "Merci. Votre essai est en préparation ; un message suivra quand il sera prêt. Vous le trouverez ici :",
        Expired = "Ce lien a expiré. Veuillez vous inscrire à nouveau.",
        Used = "Ce lien a déjà servi. Votre essai est en préparation, ou il est prêt.",
        Withdrawn = "Cette inscription a été remplacée par une plus récente, ou retirée. Utilisez le dernier message reçu, ou inscrivez-vous à nouveau.",
        Failed = "Votre essai ne peut pas être créé sous ce nom. Veuillez vous inscrire à nouveau sous un autre nom.",
        Broken = "Ce lien n’est pas complet. Reprenez le lien entier du message, ou inscrivez-vous à nouveau.",
    };

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{43}\z")]
    private static partial Regex Token();

    private sealed record Words(string Language, string Title)
    {
        public required string Ask { get; init; }
        public required string Button { get; init; }
        public required string Done { get; init; }
        public required string Expired { get; init; }
        public required string Used { get; init; }
        public required string Withdrawn { get; init; }
        public required string Failed { get; init; }
        public required string Broken { get; init; }
    }
}
