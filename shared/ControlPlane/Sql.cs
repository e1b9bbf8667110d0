using System.Data;
using System.Text.Json;
using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane;

/// <summary>Makes the commands of every store, and teaches Dapper the types they use before the first of them runs.</summary>
internal static class Sql
{
    static Sql()
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new UtcHandler());
        SqlMapper.AddTypeHandler(new TextArrayHandler());
        SqlMapper.AddTypeHandler(new TemplateContentsHandler());
        SqlMapper.AddTypeHandler(new ThemeLookHandler());
        SqlMapper.AddTypeHandler(new OfferThemesHandler());
    }

    public static CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) =>
        new(sql, parameters, cancellationToken: cancellationToken);

    public static CommandDefinition Command(string sql, object? parameters, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, cancellationToken: cancellationToken);

    /// <summary>A value for a <c>jsonb</c> column where Dapper cannot see which type it has.</summary>
    internal sealed class JsonParameter(string json) : SqlMapper.ICustomQueryParameter
    {
        public void AddParameter(IDbCommand command, string name) =>
            ((NpgsqlCommand)command).Parameters.Add(new NpgsqlParameter(name, NpgsqlTypes.NpgsqlDbType.Jsonb) { Value = json });
    }

    /// <summary>A value as <c>jsonb</c> columns keep it.</summary>
    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Web);

    // Npgsql reads timestamptz as a UTC DateTime, which Dapper does not convert by itself.
    private sealed class UtcHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime utc => new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc)),
            DateTimeOffset already => already,
            _ => throw new DataException($"A {value.GetType().Name} is not a time."),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz;
            parameter.Value = value.UtcDateTime;
        }
    }

    // A text[] arrives as string[]; Dapper looks for the exact type of the property.
    private sealed class TextArrayHandler : SqlMapper.TypeHandler<IReadOnlyList<string>>
    {
        public override IReadOnlyList<string> Parse(object value) => (string[])value;

        public override void SetValue(IDbDataParameter parameter, IReadOnlyList<string>? value) =>
            parameter.Value = value is null ? DBNull.Value : value.ToArray();
    }

    private sealed class ThemeLookHandler : SqlMapper.TypeHandler<ThemeLook>
    {
        public override ThemeLook? Parse(object value) => JsonSerializer.Deserialize<ThemeLook>((string)value, JsonSerializerOptions.Web);

        public override void SetValue(IDbDataParameter parameter, ThemeLook? value) => SetJson(parameter, value);
    }

    private sealed class OfferThemesHandler : SqlMapper.TypeHandler<IReadOnlyList<OfferTheme>>
    {
        public override IReadOnlyList<OfferTheme>? Parse(object value) => JsonSerializer.Deserialize<List<OfferTheme>>((string)value, JsonSerializerOptions.Web);

        public override void SetValue(IDbDataParameter parameter, IReadOnlyList<OfferTheme>? value) => SetJson(parameter, value);
    }

    private static void SetJson<T>(IDbDataParameter parameter, T? value)
        where T : class
    {
        ((NpgsqlParameter)parameter).NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Jsonb;
        parameter.Value = value is null ? DBNull.Value : ToJson(value);
    }

    private sealed class TemplateContentsHandler : SqlMapper.TypeHandler<TemplateContents>
    {
        public override TemplateContents? Parse(object value) => JsonSerializer.Deserialize<TemplateContents>((string)value, JsonSerializerOptions.Web);

        public override void SetValue(IDbDataParameter parameter, TemplateContents? value) => SetJson(parameter, value);
    }
}
