using System.Text;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Nginx;

/// <summary>The folder whose files nginx includes. A file appears whole or not at all; one process at a time changes it.</summary>
internal sealed class NginxFolder(IOptions<NginxOptions> options, TimeProvider time)
{
    private const string DefaultsFile = "bibind.conf";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(10);

    private string Folder => Path.GetFullPath(options.Value.Folder);

    /// <summary>Keeps every other process, and every other tenant of ours, out until it is disposed.</summary>
    public async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(Folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(began) < LockLimit)
            {
                await Task.Delay(LockPause, time, cancellationToken);
            }
            catch (IOException)
            {
                throw new TransientFailureException($"The folder '{Folder}' of nginx is being changed by somebody who does not end.");
            }
        }
    }

    /// <summary>A host's site; null if there is none.</summary>
    public async Task<string?> ReadSiteAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(SiteFile(host), cancellationToken);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Writes or, for null, deletes a host's site.</summary>
    public void WriteSite(string host, string? text)
    {
        if (text is null)
        {
            File.Delete(SiteFile(host));
        }
        else
        {
            Write(SiteFile(host), text, Readable);
        }
    }

    /// <summary>Writes what is there once, if it is not there as it should be.</summary>
    public async Task WriteDefaultsAsync(CancellationToken cancellationToken)
    {
        var (file, text) = (Path.Combine(Folder, DefaultsFile), NginxSite.WriteDefaults(options.Value));
        if (!File.Exists(file) || await File.ReadAllTextAsync(file, cancellationToken) != text)
        {
            Write(file, text, Readable);
        }
    }

    /// <summary>Writes a certificate under a name that only it has; answers its file.</summary>
    public string WriteCertificate(string host, RouteCertificate certificate)
    {
        var file = Path.Combine(Folder, $"{host}@{certificate.Thumbprint}.pem");
        Write(file + ".key", certificate.PrivateKeyPem, OwnerOnly);
        Write(file, certificate.ChainPem, Readable);
        return file;
    }

    /// <summary>Deletes certificates of a host that its site, if it has one, does not name.</summary>
    public void DeleteUnusedCertificates(string host, string? site)
    {
        foreach (var file in Directory.EnumerateFiles(Folder, $"{host}@*.pem*"))
        {
            if (site?.Contains(file.EndsWith(".key", StringComparison.Ordinal) ? file[..^4] : file, StringComparison.Ordinal) is not true)
            {
                File.Delete(file);
            }
        }
    }

    private string SiteFile(string host) => Path.Combine(Folder, $"{host}.site.conf");

    private static void Write(string file, string text, UnixFileMode mode)
    {
        var unfinished = file + "~";
        var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = mode;
        }

        using (var stream = new FileStream(unfinished, how))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, file, overwrite: true);
    }
}
