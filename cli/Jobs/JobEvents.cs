using System.Net.Http.Headers;

namespace Bibind.Cli.Jobs;

/// <summary>Waits until a job's server-sent events say that something has changed; without them, for a while.</summary>
internal sealed class JobEvents(HttpClient http, string job) : IDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private StreamReader? _reader;
    private Task<string?>? _line;
    private string? _lastId;
    private bool _isThere = true;

    /// <summary>Returns at the next event, or when it is time to look anyway.</summary>
    public async Task WaitAsync(TimeSpan withoutEvents, CancellationToken cancellationToken)
    {
        if (!_isThere || !await OpenAsync(cancellationToken))
        {
            await Task.Delay(withoutEvents, cancellationToken);
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(Heartbeat, limit.Token);
        while (true)
        {
            _line ??= _reader!.ReadLineAsync(CancellationToken.None).AsTask();
            if (await Task.WhenAny(_line, pause) == pause)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return;
            }

            string? line;
            try
            {
                line = await _line;
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException)
            {
                line = null;
            }

            _line = null;
            if (line is null)
            {
                // A host ends streams after a while; the next one goes on after the last event.
                Close();
                await limit.CancelAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
                return;
            }

            if (line.StartsWith("id:", StringComparison.Ordinal))
            {
                _lastId = line[3..].Trim();
            }
            else if (line.Length == 0)
            {
                await limit.CancelAsync();
                return;
            }
        }
    }

    public void Dispose() => Close();

    private async Task<bool> OpenAsync(CancellationToken cancellationToken)
    {
        if (_reader is not null)
        {
            return true;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/jobs/{Uri.EscapeDataString(job)}/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (_lastId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", _lastId);
        }

        try
        {
            var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!answer.IsSuccessStatusCode || answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                // Too many streams pass; a host without them does not get them.
                _isThere = (int)answer.StatusCode is 429 or >= 500;
                answer.Dispose();
                return false;
            }

            _reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Close()
    {
        _reader?.Dispose();
        _reader = null;
        _line = null;
    }
}
