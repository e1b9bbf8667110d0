using System.Text.Encodings.Web;
using System.Text.Json;

namespace Bibind.Durable.Serialization;

/// <summary>Turns inputs, outputs and event payloads into JSON text and back.</summary>
public sealed class DataConverter(JsonSerializerOptions options)
{
    /// <summary>The web defaults: camel case, names read without regard to case.</summary>
    public static DataConverter Default { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>JSON text, or null for null.</summary>
    public string? Serialize(object? value) => value is null ? null : JsonSerializer.Serialize(value, value.GetType(), options);

    /// <summary>The value; the default of <typeparamref name="T"/> for null.</summary>
    public T? Deserialize<T>(string? json) => json is null ? default : JsonSerializer.Deserialize<T>(json, options);

    /// <summary>The value; null, or the type's default, for null.</summary>
    public object? Deserialize(string? json, Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return json is not null ? JsonSerializer.Deserialize(json, type, options)
            : type.IsValueType ? Activator.CreateInstance(type)
            : null;
    }
}
