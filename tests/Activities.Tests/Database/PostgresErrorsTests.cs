using System.Net.Sockets;
using Bibind.Activities.Database;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

public sealed class PostgresErrorsTests
{
    private static readonly DatabaseLogin Login = new("bibind", "hidden");

    private static readonly ServerConnection Server = new()
    {
        ServerId = 1,
        Code = "srv-1",
        Url = new Uri("http://127.0.0.1:8069"),
        DatabaseHost = "db.example.com",
        DatabasePort = 5432,
        DatabaseUser = "bibind",
        DatabasePassword = "hidden",
        ApplicationRole = "odoo",
    };

    [Theory]
    [InlineData("28P01", "refused the password of 'bibind'")]
    [InlineData("28000", "does not let 'bibind' in")]
    [InlineData("3D000", "'acme' does not exist")]
    [InlineData("42501", "lacks a privilege on the database 'acme'")]
    [InlineData("42P01", "refused a statement in the database 'acme'")]
    [InlineData("23505", "refused a statement in the database 'acme'")]
    public void An_answer_that_will_be_the_same_again_is_permanent(string sqlState, string words)
    {
        var failure = Assert.IsType<PermanentFailureException>(PostgresErrors.Translate(Answer(sqlState), Server, Login, "acme"));

        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("53100", "The disk of PostgreSQL at db.example.com:5432 is full")]
    [InlineData("53300", "has no connection to spare")]
    [InlineData("55006", "'acme' on PostgreSQL at db.example.com:5432 is in use")]
    [InlineData("57P03", "starting up")]
    [InlineData("57P01", "ended our session")]
    [InlineData("40001", "failed in the database 'acme'")]
    public void An_answer_of_the_moment_may_be_tried_again(string sqlState, string words)
    {
        var failure = Assert.IsType<TransientFailureException>(PostgresErrors.Translate(Answer(sqlState), Server, Login, "acme"));

        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_connection_is_named_as_such()
    {
        var refused = new NpgsqlException("failed", new SocketException((int)SocketError.ConnectionRefused));

        Assert.Equal(
            "PostgreSQL at db.example.com:5432 cannot be reached: connection refused.",
            PostgresErrors.Translate(refused, Server, Login, "acme").Message);
    }

    [Fact]
    public void A_silent_server_is_named_as_such()
    {
        var silent = new NpgsqlException("failed", new TimeoutException());

        Assert.Equal("PostgreSQL at db.example.com:5432 did not answer in time.", PostgresErrors.Translate(silent, Server, Login, "acme").Message);
    }

    private static PostgresException Answer(string sqlState) => new("what it said", "FATAL", "FATAL", sqlState);
}
