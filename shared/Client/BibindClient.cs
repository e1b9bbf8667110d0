using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bibind.Client;

/// <summary>
/// The REST API, typed; generated from its OpenAPI document. A call that is refused throws <see cref="ApiException{TResult}"/> with the API's
/// <see cref="ProblemBody"/>. The address and the token are the <see cref="HttpClient"/>'s.
/// </summary>
public partial class BibindClient
{
    /// <summary>How requests are written and answers read: what is null is left out, because a change leaves alone what it does not name.</summary>
    public static JsonSerializerOptions Json => _settings.Value;

    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings)
    {
        settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        settings.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
    }
}
