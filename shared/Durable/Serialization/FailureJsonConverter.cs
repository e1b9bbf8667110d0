using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.DurableTask;

namespace Bibind.Durable.Serialization;

/// <summary>How failures are stored: with their nesting, their retriability and the wait that was asked for, and without what is not there.</summary>
internal sealed class FailureJsonConverter : JsonConverter<TaskFailureDetails>
{
    public override TaskFailureDetails? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A failure is an object.");
        }

        string? type = null, message = null, stack = null;
        TaskFailureDetails? inner = null;
        var isNonRetriable = false;
        TimeSpan? retryAfter = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "errorType":
                    type = reader.GetString();
                    break;
                case "errorMessage":
                    message = reader.GetString();
                    break;
                case "stackTrace":
                    stack = reader.GetString();
                    break;
                case "innerFailure":
                    inner = reader.TokenType == JsonTokenType.Null ? null : Read(ref reader, typeToConvert, options);
                    break;
                case "isNonRetriable":
                    isNonRetriable = reader.GetBoolean();
                    break;
                case "retryAfterSeconds":
                    retryAfter = TimeSpan.FromSeconds(reader.GetDouble());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return TaskFailureDetails.Create(type ?? string.Empty, message ?? string.Empty, stack, inner, isNonRetriable, retryAfter);
    }

    public override void Write(Utf8JsonWriter writer, TaskFailureDetails value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("errorType", value.ErrorType);
        writer.WriteString("errorMessage", value.ErrorMessage);
        if (value.StackTrace is { } stack)
        {
            writer.WriteString("stackTrace", stack);
        }

        if (value.InnerFailure is { } inner)
        {
            writer.WritePropertyName("innerFailure");
            Write(writer, inner, options);
        }

        writer.WriteBoolean("isNonRetriable", value.IsNonRetriable);
        if (value.RetryAfter is { } wait)
        {
            writer.WriteNumber("retryAfterSeconds", wait.TotalSeconds);
        }

        writer.WriteEndObject();
    }
}
