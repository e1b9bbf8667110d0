using System.Text.Json.Nodes;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>
/// Keeps open streams, such as web sockets, over changes of the configuration. Caddy knows the field since 2.7 and refuses a
/// configuration with fields that it does not know; its admin API does not tell its version.
/// </summary>
internal static class CaddyStreams
{
    public const string Field = "stream_close_delay";

    // A working day: who is still there then connects again, as after a restart.
    private const string Delay = "8h";

    /// <summary>Lets a proxy's streams live on when the configuration changes.</summary>
    public static void Keep(JsonObject proxy) => proxy[Field] = Delay;

    /// <summary>Takes the field out of every route.</summary>
    public static void Strip(JsonNode? node)
    {
        if (node is JsonObject fields)
        {
            if ((string?)(fields["handler"] as JsonValue) == "reverse_proxy")
            {
                fields.Remove(Field);
            }

            foreach (var (_, value) in fields)
            {
                Strip(value);
            }
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                Strip(item);
            }
        }
    }
}
