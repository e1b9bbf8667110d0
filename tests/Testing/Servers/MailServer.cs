using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Testing.Servers;

/// <summary>A letter that the mail server took.</summary>
/// <param name="From">The envelope's sender.</param>
/// <param name="To">The envelope's recipients.</param>
/// <param name="Raw">As it came.</param>
/// <param name="Secure">True if it came over TLS.</param>
/// <param name="User">Who had signed in.</param>
public sealed record ReceivedMail(string From, IReadOnlyList<string> To, byte[] Raw, bool Secure, string? User);

/// <summary>A real mail server (npm's smtp-server) on a free port of this machine, with a certificate of its own for TLS.</summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly string _folder = PostgresFixture.NewFolder();
    private readonly int _controlPort = FreePorts.Next();
    private readonly HttpClient _http = new();
    private RunningServer? _process;

    private MailServer()
    {
    }

    public int Port { get; } = FreePorts.Next();

    public string Tls { get; private init; } = "starttls";

    public string? User { get; private init; }

    public string? Password { get; private init; }

    public bool TakesUtf8 { get; private init; } = true;

    /// <summary>PEM file of the certificate.</summary>
    public string Roots => Path.Combine(_folder, "root.pem");

    /// <summary>Starts one.</summary>
    /// <param name="tls"><c>starttls</c>, <c>implicit</c> or <c>none</c>.</param>
    /// <param name="user">Who may sign in, and must; nobody needs to unless given.</param>
    /// <param name="password">The user's.</param>
    /// <param name="takesUtf8">False for one without SMTPUTF8.</param>
    public static async Task<MailServer> StartAsync(string tls = "starttls", string? user = null, string? password = null, bool takesUtf8 = true)
    {
        var server = new MailServer { Tls = tls, User = user, Password = password, TakesUtf8 = takesUtf8 };
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it on the same port; what it took before is forgotten.</summary>
    public async Task StartAgainAsync()
    {
        var (key, certificate) = MakeCertificate();
        await File.WriteAllTextAsync(Roots, certificate);
        var file = Path.Combine(_folder, "mail.json");
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["port"] = Port,
            ["controlPort"] = _controlPort,
            ["tls"] = Tls,
            ["key"] = key,
            ["cert"] = certificate,
            ["user"] = User,
            ["password"] = Password,
            ["utf8"] = TakesUtf8,
        }.ToJsonString());
        _process = await RunningServer.StartAsync(
            "smtp-server", _folder,
            [
                ServerPrograms.Require("node", "nodejs"), Path.Combine(Repository.Root, "infra/local/servers/smtp-server.mjs"),
                NodeServers.Require("smtp-server", "dist/cjs/smtp-server.js"), file,
            ],
            deleteFolder: false);
        await _process.ListensAsync(Port);
        await _process.ListensAsync(_controlPort);
    }

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    /// <summary>What it took.</summary>
    public async Task<IReadOnlyList<ReceivedMail>> MessagesAsync() =>
        (await _http.GetFromJsonAsync<List<ReceivedMail>>(Control("messages")))!;

    /// <summary>What it answers from now on, such as <c>450 try later</c>; null takes the letter.</summary>
    /// <param name="from">To a sender.</param>
    /// <param name="to">To a recipient.</param>
    /// <param name="data">To a letter.</param>
    /// <param name="hold">True takes letters and keeps the answer back.</param>
    public async Task AnswerAsync(string? from = null, string? to = null, string? data = null, bool hold = false)
    {
        using var answer = await _http.PostAsJsonAsync(Control("answers"), new { from, to, data, hold });
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Uri Control(string path) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_controlPort}/{path}"));

    private static (string Key, string Certificate) MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return (key.ExportPkcs8PrivateKeyPem(), certificate.ExportCertificatePem());
    }
}
