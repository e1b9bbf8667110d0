namespace Bibind.Local.RealServers;

/// <summary>A real nginx that includes the configuration files of one folder and has no server block of its own.</summary>
public sealed class NginxServer : IAsyncDisposable
{
    private readonly RunningServer _process;

    private NginxServer(RunningServer process, string folder, int httpPort, int httpsPort)
    {
        _process = process;
        Folder = Path.Combine(folder, "sites");
        Configuration = Path.Combine(folder, "nginx.conf");
        HttpPort = httpPort;
        HttpsPort = httpsPort;
    }

    /// <summary>The program's file.</summary>
    public static string Program => ServerPrograms.Require("nginx", "nginx-light");

    /// <summary>Where the included files lie.</summary>
    public string Folder { get; }

    /// <summary>The main configuration file.</summary>
    public string Configuration { get; }

    /// <summary>Free for a plain server block.</summary>
    public int HttpPort { get; }

    /// <summary>Free for a server block with TLS.</summary>
    public int HttpsPort { get; }

    public static async Task<NginxServer> StartAsync()
    {
        var folder = ServerFolder.New();
        Directory.CreateDirectory(Path.Combine(folder, "sites"));
        var pid = Path.Combine(folder, "nginx.pid");
        await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), Text(folder, pid));
        var process = await RunningServer.StartAsync(
            "nginx", folder, [Program, "-c", Path.Combine(folder, "nginx.conf"), "-g", "daemon off;"], deleteFolder: true, stopSignal: "TERM");
        await process.IsReadyAsync(() => Task.FromResult(File.Exists(pid) && new FileInfo(pid).Length > 0));
        return new NginxServer(process, folder, FreePorts.Next(), FreePorts.Next());
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // As root the workers would be another user, who may not enter our folder.
    private static string Text(string folder, string pid) =>
        $$"""
        {{(Environment.IsPrivilegedProcess ? "user root;" : string.Empty)}}
        worker_processes 1;
        pid {{pid}};
        error_log {{folder}}/error.log;
        events { worker_connections 512; }
        http {
          access_log off;
          server_names_hash_bucket_size 128;
          client_body_temp_path {{folder}}/body;
          proxy_temp_path {{folder}}/proxy;
          fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi;
          scgi_temp_path {{folder}}/scgi;
          include {{folder}}/sites/*.conf;
        }

        """;
}
