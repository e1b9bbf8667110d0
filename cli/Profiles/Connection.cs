using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using Bibind.Client;

namespace Bibind.Cli.Profiles;

/// <summary>The API at an address, with the token that belongs there.</summary>
internal sealed class Connection : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    private Connection(Uri address, HttpClient http)
    {
        Address = address;
        Http = http;
        Api = new BibindClient(http);
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public BibindClient Api { get; }

    /// <summary>This program's version.</summary>
    public static string Version { get; } =
        typeof(Connection).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>
    /// Opens what the command line, the environment (<c>BIBIND_URL</c>, <c>BIBIND_TOKEN</c>, <c>BIBIND_PROFILE</c>) and the profiles name, in this order.
    /// A profile's token goes to the profile's address only.
    /// </summary>
    /// <exception cref="CommandException">No address or no token is known.</exception>
    public static Connection Open(string? profileName, string? url, ProfileFile file)
    {
        var profiles = file.Read();
        var name = NameOf(profileName, profiles);
        url ??= Variable("BIBIND_URL");
        if (profileName is not null && !profiles.Profiles.ContainsKey(profileName))
        {
            throw new CommandException($"There is no profile '{profileName}' in {file.Path}; bibind login --profile {profileName} --url ADDRESS makes it.", ExitCodes.Usage);
        }

        var profile = profiles.Profiles.GetValueOrDefault(name);
        if (url is null && profile?.Url is null)
        {
            throw new CommandException("No address is known. Sign in with bibind login --url ADDRESS, or set BIBIND_URL and BIBIND_TOKEN.", ExitCodes.Usage);
        }

        var address = ReadAddress(url ?? profile!.Url!);
        if (Variable("BIBIND_TOKEN") is { } token)
        {
            return Open(address, new TokenHandler(token));
        }

        if (profile?.Token is null || ReadAddress(profile.Url!) != address)
        {
            throw new CommandException($"You are not signed in at {address}: bibind login --url {address}", ExitCodes.Refused);
        }

        return Open(address, new TokenHandler(file, name, profile));
    }

    /// <summary>Opens an address with a token that is not in the profiles, or with none.</summary>
    public static Connection Open(Uri address, string? token) => Open(address, new TokenHandler(token));

    /// <summary>The profile that is meant: what is named, the environment's, the current one, or <c>default</c>.</summary>
    public static string NameOf(string? given, ProfileList profiles) => given ?? Variable("BIBIND_PROFILE") ?? profiles.Current ?? "default";

    /// <summary>Reads an address. A token is sent in clear to this machine only.</summary>
    /// <exception cref="CommandException">It is no http address, or not safe.</exception>
    public static Uri ReadAddress(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
        {
            throw new CommandException($"'{text}' is no address such as https://functions.example.com.", ExitCodes.Usage);
        }

        if (address.Scheme == "http" && !address.IsLoopback && Variable("BIBIND_ALLOW_HTTP") != "1")
        {
            throw new CommandException($"{address} would get the token in clear. Use https, or set BIBIND_ALLOW_HTTP=1 for a network of your own.", ExitCodes.Usage);
        }

        return new UriBuilder(address) { Path = address.AbsolutePath.TrimEnd('/') + "/", Query = "", Fragment = "" }.Uri;
    }

    public void Dispose() => Http.Dispose();

    private static Connection Open(Uri address, TokenHandler tokens)
    {
        // A redirect would be followed to wherever it leads.
        tokens.InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = ConnectLimit, AutomaticDecompression = DecompressionMethods.All };
        var http = new HttpClient(tokens) { BaseAddress = address };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("bibind", Version.Split('+')[0]));
        return new Connection(address, http);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
