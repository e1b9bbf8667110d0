using System.Net.Http.Headers;

namespace Bibind.Cli.Profiles;

/// <summary>Sends the token along, and gets the next one of the issuer before the present one ends.</summary>
internal sealed class TokenHandler : DelegatingHandler
{
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(30);

    private readonly ProfileFile? _file;
    private readonly string? _name;
    private Profile _profile;

    public TokenHandler(string? token) => _profile = new Profile { Token = token };

    public TokenHandler(ProfileFile file, string name, Profile profile) => (_file, _name, _profile) = (file, name, profile);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_profile is { RefreshToken: not null, ExpiresAt: { } end } && end - Before < DateTimeOffset.UtcNow)
        {
            await RefreshAsync(cancellationToken);
        }

        if (_profile.Token is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await base.SendAsync(request, cancellationToken);
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var next = await Issuer.RefreshAsync(http, _profile, cancellationToken);
        var profiles = _file!.Read();
        var written = profiles.Profiles.GetValueOrDefault(_name!);
        if (next is null)
        {
            // Another command may have been faster: an issuer that rotates takes a refresh token once.
            _profile = written?.RefreshToken is { } other && other != _profile.RefreshToken
                ? written
                : throw new CommandException("The session has ended: bibind login", ExitCodes.Refused);
            return;
        }

        _profile = next;
        profiles.Profiles[_name!] = next;
        _file.Write(profiles);
    }
}
