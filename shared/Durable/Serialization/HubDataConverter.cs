using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.DurableTask;

namespace Bibind.Durable.Serialization;

/// <summary>Turns inputs, outputs and event payloads into JSON text and back.</summary>
public sealed class HubDataConverter(JsonSerializerOptions options) : DataConverter
{
    /// <summary>The web defaults: camel case, names read without regard to case.</summary>
    public static HubDataConverter Default { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>JSON text, or null for null.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public override string? Serialize(object? value) => value is null ? null : JsonSerializer.Serialize(value, value.GetType(), options);

    /// <summary>The value; the default of <typeparamref name="T"/> for null.</summary>
    public override T? Deserialize<T>(string? data)
        where T : default => data is null ? default : JsonSerializer.Deserialize<T>(data, options);

    /// <summary>The value; null, or the type's default, for null.</summary>
    public override object? Deserialize(string? data, Type targetType)
    {
        ArgumentNullException.ThrowIfNull(targetType);
        return data is not null ? JsonSerializer.Deserialize(data, targetType, options)
            : targetType.IsValueType ? Activator.CreateInstance(targetType)
            : null;
    }
}
